"""The health endpoint: `/livez`, `/readyz`, `/metrics`, in threads that nobody can use up."""

import socket
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import BoundedSemaphore, Thread
from time import monotonic, sleep
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from worker.runtime.health import Health

log = structlog.get_logger()

MOST = 32  # connections at a time
SILENCE = 5.0  # seconds that one may say nothing, or not listen
LONGEST = 10.0  # seconds that one may take to say what it wants


class HealthServer(ThreadingTCPServer):
    """Has room for some connections. Where there are more, who has said nothing for longest goes.

    A probe says all it has to say at once, and so gets through.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, health: Health, host: str, port: int) -> None:
        self.health = health
        self.answers: dict[str, Callable[[], str | None]] = {
            "/livez": health.why_not_live,
            "/readyz": health.why_not_ready,
        }
        # For those whose answer may wait for the database; who asks for life always finds room.
        self.room = BoundedSemaphore(MOST // 2)
        self._open: set[socket.socket] = set()
        self._unheard: dict[socket.socket, float] = {}  # since when, the oldest first
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host.strip("[]"), port), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # `::` is everything
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            request, address = super().get_request()
        except OSError:
            sleep(0.1)  # no descriptor is left, say: asking again at once would spin
            raise
        if len(self._open) >= MOST and not self._send_oldest_away():
            request.close()
            raise ConnectionAbortedError("all are being answered")
        self._open.add(request)
        self._unheard[request] = monotonic()
        return request, address

    def heard(self, request: socket.socket) -> None:
        """Note that it has said what it wants to know."""
        self._unheard.pop(request, None)

    def service_actions(self) -> None:
        """Look twice a second for who has been speaking for too long."""
        since = list(self._unheard.values())
        for _ in filter(lambda then: monotonic() - then > LONGEST, since):
            self._send_oldest_away()

    def shutdown_request(self, request: Any) -> None:
        self.heard(request)
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.error("a request to the health port failed", exc_info=True)

    def _send_oldest_away(self) -> bool:
        """Let the thread that waits for its words come to an end; return whether there was one."""
        with suppress(KeyError, StopIteration, OSError):  # by now it has spoken, or gone
            oldest = next(iter(self._unheard))
            del self._unheard[oldest]
            oldest.shutdown(socket.SHUT_RDWR)
            return True
        return False


class _Handler(BaseHTTPRequestHandler):
    server: HealthServer
    timeout = SILENCE
    server_version = "worker"
    sys_version = ""

    def do_GET(self) -> None:
        self.server.heard(self.connection)
        path = self.path.partition("?")[0]
        if path == "/livez":
            self._tell(path)
        elif self.server.room.acquire(blocking=False):
            try:
                self._tell(path)
            finally:
                self.server.room.release()
        else:
            self._answer(503, b"too many ask at once\n")

    def _tell(self, path: str) -> None:
        if path == "/metrics":
            ours = generate_latest(self.server.health.metrics.registry)
            metrics = ours + generate_latest(REGISTRY)  # where a team's own are by default
            self._answer(200, metrics, CONTENT_TYPE_LATEST)
        elif path in self.server.answers:
            problem = self.server.answers[path]()
            self._answer(503 if problem else 200, f"{problem or 'ok'}\n".encode())
        else:
            self._answer(404, b"there are /livez, /readyz and /metrics\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def handle(self) -> None:
        with suppress(OSError):  # the other side has gone, or was sent away
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):  # the same
            super().finish()

    def _answer(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds; they are not worth a line."""


def serve(health: Health, host: str, port: int) -> HealthServer:
    """Answer in the background until the process ends. Raises `OSError` if the port is taken."""
    server = HealthServer(health, host, port)
    Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server

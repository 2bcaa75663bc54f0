"""The health endpoint: `/livez`, `/readyz`, `/metrics`, in a thread of its own."""

from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from persistence.database import Database
from persistence.exceptions import Conflict, PersistenceError
from persistence.probe import require_write
from persistence.schema import check_schema
from worker.metrics import Metrics


class Health:
    """What the main thread says of itself, and what can be asked from beside it."""

    def __init__(self, database: Database, patience: float) -> None:
        """`database`: for this thread alone. `patience`: seconds the main loop may be silent."""
        self.metrics = Metrics()
        self._database = database
        self._patience = patience
        self._ticked = monotonic()
        self._working = False
        self.trouble: str | None = None  # why the main loop cannot do its work, in its own words

    def tick(self) -> None:
        """Say that the main loop is turning."""
        self._ticked = monotonic()

    def working(self, working: bool) -> None:
        """Say whether the broker has us: consuming, or relaying, or standing by for the relay."""
        self._working = working
        self.metrics.working.set(working)

    def why_not_live(self) -> str | None:
        silent = monotonic() - self._ticked
        return f"the main loop is silent for {silent:.0f} s" if silent > self._patience else None

    def why_not_ready(self) -> str | None:
        """Return None if the broker has us, and the database takes our work."""
        if self.trouble:
            return self.trouble
        if not self._working:
            return "the broker does not have us"
        try:
            check_schema(self._database)
            with suppress(Conflict):  # others are writing: what they lock the main loop knows
                require_write(self._database)
        except PersistenceError as error:
            return f"the database is not usable: {error}"
        return self.why_not_live()


def serve(health: Health, host: str, port: int) -> ThreadingHTTPServer:
    """Answer in the background until the process ends. Raises `OSError` if the port is taken."""
    answers: dict[str, Callable[[], str | None]] = {
        "/livez": health.why_not_live,
        "/readyz": health.why_not_ready,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(health.metrics.registry), CONTENT_TYPE_LATEST)
            elif self.path in answers:
                problem = answers[self.path]()
                self._answer(503 if problem else 200, f"{problem or 'ok'}\n".encode())
            else:
                self._answer(404, b"there are /livez, /readyz and /metrics\n")

        def _answer(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes come every few seconds; they are not worth a line."""

    server = ThreadingHTTPServer((host, port), Handler)
    Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server

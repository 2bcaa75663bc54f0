"""What the health port says, and to how many."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY, Counter
from structlog.testing import capture_logs

from persistence.database import Database
from tests.support.health import get
from tests.support.waiting import wait_for
from worker.runtime import health_server as module
from worker.runtime.health import Health
from worker.runtime.health_server import HealthServer


@pytest.fixture
def health(sqlite: Database) -> Health:
    health = Health(sqlite, 30)
    health.working(True)
    return health


@contextmanager
def serving(health: Health, host: str = "127.0.0.1") -> Iterator[HealthServer]:
    with HealthServer(health, host, 0) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server(health: Health) -> Iterator[HealthServer]:
    with serving(health) as server:
        yield server


def connect(server: HealthServer) -> socket.socket:
    host, port = server.server_address[:2]
    return socket.create_connection((host, port), timeout=10)


def said(server: HealthServer, request: bytes) -> bytes:
    """Send a request and return everything that comes back."""
    with connect(server) as client:
        client.sendall(request)
        answer = b""
        try:
            while more := client.recv(65536):
                answer += more
        except ConnectionResetError:
            pass  # closed while some of the request was unread
        return answer


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_process_that_works_is_ready(health):
    assert health.why_not_ready() is None


def test_all_reasons_are_told_one_a_line(health, sqlite, monkeypatch):
    health.working(False)
    health.trouble = "the last event waits for 70 s"
    health.ticked = monotonic() - 31
    with sqlite.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    reasons = str(health.why_not_ready()).splitlines()
    assert reasons[:2] == ["the broker does not have us", "the last event waits for 70 s"]
    assert "migrate" in reasons[2]
    assert reasons[3] == "the main loop is silent for 31 s"


def broker(**state: Any) -> Any:
    """Return a connection that is well, but for what is given."""
    return SimpleNamespace(**{"is_open": True, "any_blocked": False, "heard": monotonic(), **state})


def value(health: Health, name: str) -> float | None:
    labels = {"component": "component"}
    return health.metrics.registry.get_sample_value(f"component_{name}", labels)


def test_a_connection_that_is_well_is_shown(health):
    health.connected(broker())
    assert health.why_not_ready() is None
    assert (value(health, "broker_connected"), value(health, "broker_blocked")) == (1, 0)


def test_a_connection_that_was_lost_is_shown(health):
    health.connected(broker(is_open=False))
    assert value(health, "broker_connected") == 0


def test_where_the_broker_blocks_a_connection_it_is_not_ready(health):
    health.connected(broker(any_blocked=True))
    assert health.why_not_ready() == (
        "the broker blocks our connection: it is short of memory or disk"
    )
    assert value(health, "broker_blocked") == 1


def test_where_the_broker_says_nothing_while_the_main_loop_turns_it_is_not_ready(health):
    health.connected(broker(heard=monotonic() - 24))
    assert health.why_not_ready() == "the broker is silent for 24 s"


def test_what_the_broker_said_while_the_main_loop_was_busy_is_still_to_be_read(health):
    health.connected(broker(heard=monotonic() - 24))
    health.ticked = monotonic() - 24
    assert health.why_not_ready() is None


def test_connections_after_the_first_are_counted(health):
    for count in range(3):
        health.connected(broker())
        assert value(health, "broker_reconnects_total") == count


def test_who_stands_by_is_ready_and_says_nothing_of_a_broker(health):
    health.connected(broker())
    health.standing_by()
    assert health.why_not_ready() is None
    assert not health.has_broker
    assert value(health, "broker_connected") is None
    health.working(False)  # until the broker has it
    assert value(health, "broker_connected") == 0
    health.connected(broker())
    assert value(health, "broker_reconnects_total") == 0


@pytest.mark.parametrize("request_line", [b"GET /readyz", b"GET /readyz?verbose", b"GET /livez?"])
def test_a_probe_is_answered(server, request_line):
    answer = said(server, request_line + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(b"\r\n\r\nok\n")


def test_head_is_answered_without_a_body(server):
    answer = said(server, b"HEAD /readyz HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length: 3" in answer


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"POST /livez HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b" 501 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET /livez HTTP/9.9\r\n\r\n", b" 505 "),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b""),
        (b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b" 431 "),
        (b"GET /livez HTTP/1.0\r\n\r\n", b" 200 "),
        (b"GET /livez\r\n\r\n", b"ok\n"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b" 404 "),
        (b"\r\n\r\n", b""),
    ],
)
def test_whatever_is_asked_gets_an_answer_and_leaves_no_trace(server, request_bytes, answer, capfd):
    with capture_logs() as logs:
        assert answer in said(server, request_bytes)
        assert b" 200 " in said(server, b"GET /livez HTTP/1.1\r\n\r\n")
    assert logs == []
    assert capfd.readouterr().err == ""


def test_a_bug_behind_a_probe_is_in_the_log(server, health, monkeypatch):
    server.answers["/livez"] = lambda: 1 / 0  # type: ignore[assignment, return-value]
    with capture_logs() as logs:
        assert said(server, b"GET /livez HTTP/1.1\r\n\r\n") == b""
        wait_for(lambda: logs, "a line")
    assert logs[0]["log_level"] == "error"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_an_ipv6_address_works(health, host):
    with serving(health, host) as server:
        assert b" 200 " in said(server, b"GET /livez HTTP/1.1\r\n\r\n")


def test_a_probe_gets_through_while_others_say_half_a_line(server, monkeypatch):
    monkeypatch.setattr(module._Handler, "timeout", 300)
    monkeypatch.setattr(module, "LONGEST", 300)
    before = descriptors()
    with ExitStack() as stack:
        for _ in range(200):
            half = stack.enter_context(connect(server))
            half.sendall(b"GET /li")
        assert b" 200 " in said(server, b"GET /livez HTTP/1.1\r\n\r\n")  # the 201st
        wait_for(lambda: len(server._open) <= 33, "room")
        assert descriptors() < before + 200 + 66
    wait_for(lambda: descriptors() <= before, "the descriptors back")


def test_who_says_nothing_is_sent_away(server, monkeypatch):
    monkeypatch.setattr(module._Handler, "timeout", module._Handler.timeout / 25)
    assert said(server, b"GET /li") == b""


def test_who_speaks_too_slowly_is_sent_away(server, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 0.5)
    with connect(server) as slow:
        slow.sendall(b"GET /li")

        def sent_away() -> bool:
            try:
                slow.sendall(b"x")
            except OSError:
                return True
            return False

        wait_for(sent_away, "the end", 10, every=0.1)


def test_where_everybody_is_being_answered_the_next_is_sent_away(server, monkeypatch):
    monkeypatch.setattr(module, "MOST", 0)
    assert said(server, b"GET /livez HTTP/1.1\r\n\r\n") == b""
    monkeypatch.setattr(module, "MOST", 32)
    assert b" 200 " in said(server, b"GET /livez HTTP/1.1\r\n\r\n")


def test_a_probe_of_life_gets_through_while_many_wait_for_the_database(server):
    answered = Event()
    server.answers["/readyz"] = lambda: None if answered.wait(30) else "never"
    with ExitStack() as stack:
        stack.callback(answered.set)
        asking = [stack.enter_context(connect(server)) for _ in range(60)]
        for one in asking:
            one.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        wait_for(lambda: len(server._open) == module.MOST // 2, "those who wait")
        assert b" 200 " in said(server, b"GET /livez HTTP/1.1\r\n\r\n")
        assert b" 503 " in said(server, b"GET /readyz HTTP/1.1\r\n\r\n")
    ready = b"GET /readyz HTTP/1.1\r\n\r\n"
    wait_for(lambda: b" 200 " in said(server, ready), "room again")


def test_a_server_that_cannot_accept_does_not_spin(health, monkeypatch):
    naps: list[float] = []

    def no_descriptor(server: HealthServer) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(module, "sleep", naps.append)
    monkeypatch.setattr(module.ThreadingTCPServer, "get_request", no_descriptor)
    with serving(health) as server, connect(server):
        wait_for(lambda: len(naps) > 1, "some tries")


def test_a_metric_of_a_team_s_own_is_shown_beside_ours(server):
    name, port = "account_deposits", server.server_address[1]
    own = Counter(name, "Deposits that were tried.")
    try:
        own.inc()
        _, shown = get(port, "/metrics")
    finally:
        REGISTRY.unregister(own)
    assert f"\n{name}_total 1.0\n" in shown
    assert '\ncomponent_broker_connected{component="component"} 0.0\n' in shown

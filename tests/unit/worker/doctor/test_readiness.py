"""What the processes of this machine say, asked at their health ports."""

from typing import Any

import pytest

from tests.support.component import settings
from tools.servers import free_port
from worker.doctor.readiness import examine
from worker.runtime.health_server import HealthServer, serve


class Saying:
    """Stands for what a process says of itself."""

    def __init__(self, reasons: str | None) -> None:
        self._reasons = reasons

    def why_not_ready(self) -> str | None:
        return self._reasons

    def why_not_live(self) -> str | None:
        return None


@pytest.fixture
def process() -> Any:
    servers: list[HealthServer] = []

    def start(reasons: str | None) -> int:
        servers.append(serve(Saying(reasons), "127.0.0.1", free_port()))
        return servers[-1].server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def said(port: int | None, host: str = "127.0.0.1") -> list[tuple[str, str]]:
    return [(f.state, f.sentence) for f in examine(settings(http_port=port, http_host=host))]


def test_a_process_that_lives_and_does_not_work_is_told_with_its_reasons(process):
    port = process("the broker does not have us\nthe database is not usable")
    reasons = "the broker does not have us; the database is not usable"
    assert said(port) == [("wrong", f"The process at port {port} is not ready: {reasons}.")]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_process_that_works_is_well(process, host):
    port = process(None)
    assert said(port, host) == [("ok", f"The process at port {port} is ready.")]


def test_nobody_is_asked_where_no_port_is_set():
    assert said(None) == []


def test_processes_elsewhere_are_no_finding():
    assert said(free_port()) == []

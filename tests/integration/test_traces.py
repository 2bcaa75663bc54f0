"""Spans as a collector gets them from a running worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.integration.test_processes import fails
from tests.support.foreign import create
from tests.support.system import System
from tests.support.waiting import wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a collector, and what it got."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()


def test_a_collector_gets_the_spans_of_a_sampled_command(system: System) -> None:
    with collector() as (address, got):
        consumer = system.start(
            "consume",
            OTEL_TRACES_EXPORTER="otlp",
            OTEL_EXPORTER_OTLP_ENDPOINT=address,
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
            OTEL_BSP_SCHEDULE_DELAY="100",
        )
        system.sender().send([create(headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})])
        wait_for(lambda: bytes.fromhex(TRACE) in b"".join(got), "the trace")
        assert system.name.encode() in b"".join(got)
        assert consumer.stop() == 0, consumer.log()


def test_a_collector_that_is_away_holds_nothing_up(system: System) -> None:
    consumer = system.start(
        "consume", OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1"
    )
    system.sender().send([create(headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})])
    wait_for(lambda: system.count("inbox") == 1, "the command")
    assert consumer.stop(10) == 0, consumer.log()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["consume", "relay"])
def test_an_exporter_that_there_is_not_is_refused(command: str) -> None:
    said = fails(command, OTEL_TRACES_EXPORTER="zipkin")
    assert "OTEL_TRACES_EXPORTER: must be otlp or none." in said

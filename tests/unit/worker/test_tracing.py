"""One trace from a sender through consumer, tables and relay, as an SDK in memory sees it."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from persistence.database import Database
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from tests.support.component import component, rows
from tests.support.messages import CREATE, create, read
from worker.amqp.publisher import Sending
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.relay.outgoing import Events
from worker.runtime.metrics import Metrics
from worker.runtime.tracing import MOST_LINKS, Tracing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"


class World:
    """A consumer and a relay on one database, and what an exporter got of both."""

    def __init__(self, database: Database) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._component = component(database)
        self._component.tracing = Tracing(provider)
        self._database = database

    def consume(self, *traceparents: str | None) -> None:
        Processor(self._component).apply([command(parent) for parent in traceparents])

    def relay(self) -> list[dict[str, Any]]:
        """Send what is stored, and return the headers of each message."""
        sent: list[dict[str, Any]] = []

        def publish(exchange: str, routing_key: str, body: bytes, properties: Any) -> Sending:
            sent.append(properties.headers)
            return Sending(exchange, routing_key, properties.message_id)

        lane = Events(self._component, Metrics())
        lane._publisher = SimpleNamespace(publish=publish)  # type: ignore[assignment]
        lane._broker = SimpleNamespace(flush=lambda: None)  # type: ignore[assignment]
        with RelaySession(self._database, "tests") as session:
            lane._send(session)
        return sent

    def stored(self) -> list[dict[str, Any]]:
        return [row["headers"] for row in rows(self._database, outbox)]

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]


def command(traceparent: str | None) -> Received:
    headers = {"traceparent": traceparent} if traceparent else {}
    return read(CREATE, create(uuid4()), headers=headers)


def place(span: ReadableSpan) -> tuple[str, str]:
    """Return trace and span as a header spells them."""
    context = span.get_span_context()
    assert context
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def parent(span: ReadableSpan) -> str | None:
    return f"{span.parent.span_id:016x}" if span.parent else None


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_sampled_command_is_one_trace_from_its_sender_to_its_event(world):
    world.consume(SAMPLED)
    (headers,) = world.relay()
    processed = [span for span in world.spans("process tests.commands") if parent(span)]
    (created,), (sent,) = world.spans("create tests.events"), world.spans("send tests.events")
    assert {place(span)[0] for span in (*processed, created, sent)} == {TRACE}
    assert parent(processed[0]) == SPAN
    assert parent(created) == place(processed[0])[1]
    assert headers["traceparent"] == "-".join(["00", *place(created), "01"])
    assert parent(sent) == place(created)[1]
    kinds = processed[0].kind, created.kind, sent.kind
    assert kinds == (SpanKind.CONSUMER, SpanKind.PRODUCER, SpanKind.CLIENT)


def test_a_batch_has_one_span_with_a_link_to_each_sender_s(world):
    world.consume(SAMPLED, UNSAMPLED, None)
    (batch,) = [span for span in world.spans("process tests.commands") if not parent(span)]
    assert batch.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": "tests.commands",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": 3,
    }
    assert [f"{link.context.span_id:016x}" for link in batch.links] == [SPAN, SPAN]


def test_a_command_that_is_not_sampled_has_no_span_and_its_event_the_sender_s_context(world):
    world.consume(UNSAMPLED)
    (headers,) = world.relay()
    assert headers["traceparent"] == UNSAMPLED
    assert len(world.spans("process tests.commands")) == 1
    assert world.spans("create tests.events") == world.spans("send tests.events") == []


def test_a_context_that_is_none_costs_nothing_but_itself(world):
    world.consume("00-zz-zz-01", "1", SAMPLED)
    assert ["traceparent" in headers for headers in world.stored()] == [False, False, True]


def test_of_many_links_the_sampled_ones_are_kept(world):
    world.consume(*[UNSAMPLED] * (MOST_LINKS + 5), SAMPLED)
    (batch,) = [span for span in world.spans("process tests.commands") if not parent(span)]
    assert len(batch.links) == MOST_LINKS
    assert [bool(link.context.trace_flags.sampled) for link in batch.links][:2] == [True, False]


def test_what_the_relay_sends_has_a_span_of_those_that_are_sampled(world):
    world.consume(UNSAMPLED, SAMPLED, None)
    assert len(world.relay()) == 3
    (sent,) = world.spans("send tests.events")
    assert sent.attributes["messaging.batch.message_count"] == 1

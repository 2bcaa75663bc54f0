"""Traces, by OpenTelemetry's API; what its messaging conventions call things stands here alone.

They are still in development: version 1.45 of the conventions, the part on messaging and RabbitMQ.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, SpanKind, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

SCHEMA = "https://opentelemetry.io/schemas/1.45.0"
DEFAULT_EXCHANGE = "amq.default"
MOST_LINKS = 128  # of a span; an SDK drops what is more
_ODD = frozenset("13579bdf")
_W3C = TraceContextTextMapPropagator()

Headers = Mapping[str, Any]


class Tracing:
    """Spans of what one process does. Without a provider it is off, and asked for nothing.

    A command and an event have spans only where the sender's context is sampled.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer: Tracer | None = None
        self._in_command = False
        if provider:
            self._tracer = provider.get_tracer("ddd-component", None, SCHEMA)

    @property
    def is_on(self) -> bool:
        return self._tracer is not None

    @contextmanager
    def batch(self, queue: str, headers: Iterable[Headers]) -> Iterator[None]:
        """Make a span of a batch of commands that came from this queue, and link their contexts."""
        if self._tracer is None:
            yield
            return
        headers = list(headers)
        about = _about("process", queue) | {"messaging.batch.message_count": len(headers)}
        name, links = f"process {queue}", _links(headers)
        with self._tracer.start_as_current_span(name, Context(), SpanKind.CONSUMER, about, links):
            yield

    @contextmanager
    def command(self, queue: str, headers: Headers, message_id: str | None) -> Iterator[None]:
        """Make a span of one command of a batch, if it is sampled."""
        if self._tracer is None or not _is_sampled(headers):
            yield
            return
        about = _about("process", queue)
        if message_id:
            about["messaging.message.id"] = message_id
        links = [Link(trace.get_current_span().get_span_context())]
        name, parent = f"process {queue}", _context(headers)
        with self._tracer.start_as_current_span(name, parent, SpanKind.CONSUMER, about, links):
            self._in_command = True
            try:
                yield
            finally:
                self._in_command = False

    def created(self, exchange: str, message_id: str) -> dict[str, str]:
        """Make a span of a message that is stored; return its context, as headers."""
        headers: dict[str, str] = {}
        if self._tracer and self._in_command:
            about = _about("create", exchange) | {"messaging.message.id": message_id}
            name, kind = f"create {exchange}", SpanKind.PRODUCER
            with self._tracer.start_as_current_span(name, None, kind, about):
                _W3C.inject(headers)
        return headers

    @contextmanager
    def sending(self, place: str, headers: Iterable[Headers]) -> Iterator[None]:
        """Make a span of messages that are sent there, if some of them are sampled."""
        sampled = [own for own in headers if _is_sampled(own)] if self._tracer else []
        if self._tracer is None or not sampled:
            yield
            return
        about = _about("send", place) | {"messaging.batch.message_count": len(sampled)}
        name, parent, links = f"send {place}", _context(sampled[0]), _links(sampled)
        with self._tracer.start_as_current_span(name, parent, SpanKind.CLIENT, about, links):
            yield


def as_headers(value: object) -> Headers:
    """Return what is in a table as headers: what somebody has put there can be anything."""
    return value if isinstance(value, dict) else {}


def _about(operation: str, destination: str) -> dict[str, AttributeValue]:
    return {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": destination,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }


def _context(headers: Headers) -> Context:
    texts = {name: headers.get(name) for name in ("traceparent", "tracestate")}
    return _W3C.extract({name: v for name, v in texts.items() if isinstance(v, str)}, Context())


def _is_sampled(headers: Headers) -> bool:
    """Tell whether the sender is traced: the last bit of its context says so."""
    parent = headers.get("traceparent")
    return isinstance(parent, str) and parent[-1:] in _ODD and _span_context(headers).is_valid


def _span_context(headers: Headers) -> SpanContext:
    return trace.get_current_span(_context(headers)).get_span_context()


def _links(headers: Iterable[Headers]) -> list[Link]:
    """Return links to as many as a span may have, the sampled ones first."""
    traced = [own for own in headers if "traceparent" in own]
    traced.sort(key=lambda own: not _is_sampled(own))
    contexts = map(_span_context, traced[:MOST_LINKS])
    return [Link(context) for context in contexts if context.is_valid]

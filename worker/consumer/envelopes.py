"""From an event to the message that the relay will publish."""

import re
from collections.abc import Sequence
from typing import Any

from domain.messages import Event
from persistence.dtos import SavedEvent
from persistence.messages import OutgoingMessage
from schemas.codec import Codec, Shape
from worker.amqp.correlation import carried
from worker.amqp.wire import Message
from worker.runtime.tracing import Tracing

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII
)
_TRACESTATE = re.compile(r"[ -~\t]{1,512}")


class Envelopes:
    """Puts events into messages of the public form."""

    def __init__(
        self,
        codec: Codec,
        copied: Sequence[str] = (),
        tracing: Tracing | None = None,
        exchange: str = "",
    ) -> None:
        """`copied`: headers of the command that its messages have, too.

        `exchange`: where traces say that they go.
        """
        self._codec = codec
        self._copied = copied
        self._tracing = tracing
        self._exchange = exchange

    def of_change(self, saved: SavedEvent, cause: Message) -> list[OutgoingMessage]:
        """Return the messages of an event that changed an aggregate, its oldest version first.

        A subscriber from before reads the first, and takes what follows under the same event id
        and aggregate version for a repeat.
        """
        place = {
            "aggregate-type": saved.aggregate_type,
            "aggregate-id": str(saved.aggregate_id),
            "aggregate-version": saved.aggregate_version,
        }
        shapes = self._codec.encode_shapes(saved.event)
        return [self._message(shape, saved.event, cause, place) for shape in shapes]

    def of_ending(self, event: Event, cause: Message) -> OutgoingMessage:
        """Return the message that announces a command's rejection or failure."""
        return self._message(self._codec.encode(event), event, cause, {})

    def _message(
        self, shape: Shape, event: Event, cause: Message, place: dict[str, Any]
    ) -> OutgoingMessage:
        type_, version, body = shape
        timestamp = int(event.timestamp.timestamp())
        if timestamp < 0:
            raise ValueError(f"AMQP knows no time before 1970: {event.timestamp}")
        causation = {"causation-id": str(event.command_id)} if event.command_id else {}
        named = [cause.correlation_id, *causation.values(), cause.message_id, str(event.event_id)]
        return OutgoingMessage(
            type=type_,
            body=body,
            message_id=str(event.event_id),
            correlation_id=next(filter(None, named)),
            timestamp=timestamp,
            headers={
                **carried(cause.headers, self._copied),
                **causation,
                "schema-version": version,
                **place,
                **_trace(cause.headers),
                **self._created(event),
            },
        )

    def _created(self, event: Event) -> dict[str, str]:
        if self._tracing is None or not self._tracing.is_on:
            return {}
        return self._tracing.created(self._exchange, str(event.event_id))


def trace_id(headers: dict[str, Any]) -> str | None:
    """Return the id of the sender's trace, where there is one."""
    parent = _trace(headers).get("traceparent")
    return parent.split("-")[1] if parent else None


def _trace(headers: dict[str, Any]) -> dict[str, str]:
    """Return the sender's W3C trace context, where it is one."""
    parent, state = headers.get("traceparent"), headers.get("tracestate")
    if not isinstance(parent, str) or not _TRACEPARENT.fullmatch(parent):
        return {}
    if not isinstance(state, str) or not _TRACESTATE.fullmatch(state):
        return {"traceparent": parent}
    return {"traceparent": parent, "tracestate": state}

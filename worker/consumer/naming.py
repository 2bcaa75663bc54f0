"""How a line of the log names the one command that it is about."""

from typing import Any
from uuid import UUID

from persistence.messages import OutgoingMessage
from worker.amqp.correlation import carried
from worker.component import Component
from worker.consumer.envelopes import trace_id
from worker.consumer.reading import Received


def line_about(
    component: Component, received: Received, event: str, **more: object
) -> dict[str, Any]:
    """Return a line about a command, with those of the ids that it has by which people look for it.

    What senders call their headers takes the place of nothing.
    """
    message, command = received.message, received.command
    named = _present(
        type=message.type,
        command_id=received.command_id,
        aggregate_id=component.aggregate_id(command) if command else None,
        correlation_id=message.correlation_id or received.command_id,
        trace_id=trace_id(message.headers),
    )
    copied = carried(message.headers, component.settings.correlation_headers)
    return {**copied, "event": event, **named, **more}


def line_about_outgoing(
    component: Component,
    message: OutgoingMessage,
    aggregate_id: UUID | None,
    event: str,
    **more: object,
) -> dict[str, Any]:
    """Return a line about what came of a command, in the same way."""
    headers = message.headers if isinstance(message.headers, dict) else {}
    named = _present(
        type=message.type,
        message_id=message.message_id,
        command_id=headers.get("causation-id"),
        aggregate_id=aggregate_id,
        aggregate_version=headers.get("aggregate-version"),
        correlation_id=message.correlation_id,
        trace_id=trace_id(headers),
    )
    copied = carried(headers, component.settings.correlation_headers)
    return {**copied, "event": event, **named, **more}


def _present(**named: object) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}

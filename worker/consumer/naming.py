"""How a line of the log names the one command that it is about."""

from typing import Any
from uuid import UUID

from persistence.messages import OutgoingMessage
from worker.consumer.envelopes import trace_id
from worker.consumer.reading import Received


def names(received: Received, aggregate_id: UUID | None) -> dict[str, Any]:
    """Return the ids by which people look for a command; those that it has."""
    message = received.message
    return _present(
        type=message.type,
        command_id=received.command_id,
        aggregate_id=aggregate_id,
        correlation_id=message.correlation_id or received.command_id,
        trace_id=trace_id(message.headers),
    )


def names_of_outgoing(message: OutgoingMessage, aggregate_id: UUID | None) -> dict[str, Any]:
    """Return the ids by which people look for what came of a command."""
    headers = message.headers if isinstance(message.headers, dict) else {}
    return _present(
        type=message.type,
        message_id=message.message_id,
        command_id=headers.get("causation-id"),
        aggregate_id=aggregate_id,
        aggregate_version=headers.get("aggregate-version"),
        correlation_id=message.correlation_id,
        trace_id=trace_id(headers),
    )


def _present(**named: object) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}

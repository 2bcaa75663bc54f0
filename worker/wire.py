"""Messages as AMQP carries them, in both directions."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from pika import BasicProperties, DeliveryMode

from persistence.messages import OutgoingMessage, StoredCommand

ATTEMPT_HEADER = "retry-attempt"  # which attempt this delivery is: 2 for the first retry
FIRST_HEADER = "retry-first"  # the attempt from which `MAX_ATTEMPTS` counts: 1 until a replay
HISTORY_HEADER = "retry-history"  # when the earlier attempts were made, separated by spaces
MAX_HEADERS = 50  # of a sender's headers that we keep

_NAMES = (
    "type",
    "content_type",
    "content_encoding",
    "message_id",
    "correlation_id",
    "reply_to",
    "app_id",
    "user_id",
)


class Message(NamedTuple):
    """A command message as its sender published it; absent properties are None."""

    body: bytes
    type: str | None
    content_type: str | None
    content_encoding: str | None
    message_id: str | None
    correlation_id: str | None
    reply_to: str | None
    app_id: str | None
    user_id: str | None
    headers: dict[str, Any]

    def stored(self, **headers: object) -> StoredCommand:
        """Return what it takes to send the command again, with these headers of ours."""
        properties = {name: value for name in _NAMES if (value := getattr(self, name)) is not None}
        kept = {
            printable(name, 128): _scalar(value)
            for name, value in islice(self.headers.items(), MAX_HEADERS)
            if not printable(name).startswith("x-")  # the broker's own
        }
        return StoredCommand(self.body, {**properties, "headers": {**kept, **headers}})


def received(properties: BasicProperties, body: bytes) -> Message:
    texts = {
        name: None if (value := getattr(properties, name)) is None else printable(value, 255)
        for name in _NAMES
    }
    return Message(body=body, headers=properties.headers or {}, **texts)


def properties_of_message(message: OutgoingMessage, app_id: str) -> BasicProperties:
    return BasicProperties(
        type=message.type,
        content_type="application/json",
        delivery_mode=DeliveryMode.Persistent,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        timestamp=message.timestamp,
        app_id=app_id,
        headers=message.headers,
    )


def properties_of_command(command: StoredCommand) -> BasicProperties:
    properties = {name: value for name, value in command.properties.items() if name != "user_id"}
    return BasicProperties(delivery_mode=DeliveryMode.Persistent, **properties)


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def printable(value: object, max_bytes: int = 1024) -> str:
    """Return text that UTF-8 and both databases can hold; pika returns bytes where it is none."""
    if isinstance(value, str) and len(value) <= max_bytes and value.isascii() and "\0" not in value:
        return value
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else _text(value)
    data = text.replace("\0", "\\x00").encode(errors="backslashreplace")
    return data[:max_bytes].decode(errors="ignore")


def _scalar(value: object) -> object:
    if value is None or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    return printable(value)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # nested too deeply, or an exception that cannot say what it is
        return f"({type(value).__name__}; its text: {type(error).__name__})"

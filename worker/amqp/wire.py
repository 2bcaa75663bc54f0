"""Messages as AMQP carries them, in both directions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from pika import BasicProperties, DeliveryMode

from persistence.messages import ORIGIN_HEADER, OutgoingMessage, StoredCommand
from worker.amqp.tolerance import bytes_on_the_wire

ATTEMPT_HEADER = "retry-attempt"  # which attempt this delivery is: 2 for the first retry
FIRST_HEADER = "retry-first"  # the attempt from which `MAX_ATTEMPTS` counts: 1 until a replay
HISTORY_HEADER = "retry-history"  # when the earlier attempts were made, separated by spaces
DIRECT_REPLY = "amq.rabbitmq.reply-to"  # as reply_to: must be who waits for replies on the channel
_ROUTES = {"CC", "BCC"}  # headers: further queues, and must be lists
MAX_HEADERS = 50  # of a sender's headers that we keep, besides those that mean something to us
SMALL_HEADERS = 1024  # bytes of properties on the wire up to which the headers stay as they came
GROWTH = 10  # bytes in memory, about, for a byte of properties on the wire

# Kept however many headers there are.
_MEANINGFUL = (
    ATTEMPT_HEADER,
    FIRST_HEADER,
    HISTORY_HEADER,
    ORIGIN_HEADER,
    "schema-version",
    "causation-id",
    "traceparent",
    "tracestate",
    "x-delivery-count",
    "x-death",
    "x-first-death-reason",
    "x-last-death-reason",
    "x-last-death-queue",
)
# In the place of a type, from brokers that turn another protocol's messages into ours.
_NO_TYPE = (None, "", "amqp-1.0", "binary")
# What AMQP 1.0 puts before a queue's name, percent-encoded: RabbitMQ 4.0 hands it on as it came.
_ADDRESS = "/queues/"

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
# A command is sent again with these. The broker would end our channel for another's user_id.
_AGAIN = {*_NAMES, "headers"} - {"user_id"}


class Message(NamedTuple):
    """A command message as its sender published it; absent properties are None.

    `size` is about how many bytes all of it takes in memory, `timestamp` in seconds since 1970.
    """

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
    size: int
    timestamp: int | None = None

    def stored(self, **headers: object) -> StoredCommand:
        """Return what it takes to send the command again, with these headers of ours."""
        properties = {name: value for name in _NAMES if (value := getattr(self, name)) is not None}
        kept = {
            name: scalar(value)
            for name, value in _kept(self.headers).items()
            if not name.startswith("x-")  # the broker's own
        }
        return StoredCommand(self.body, {**properties, "headers": {**kept, **headers}})


def received(properties: BasicProperties, body: bytes, kept: Sequence[str] = ()) -> Message:
    """Return the message; of too many headers those named in `kept` are among the first."""
    texts = {
        name: None if (value := getattr(properties, name)) is None else printable(value, 255)
        for name in _NAMES
    }
    headers, size = properties.headers or {}, bytes_on_the_wire(properties)
    if texts["type"] in _NO_TYPE and isinstance(named := headers.get("type"), str) and named:
        texts["type"] = printable(named, 255)
    if (address := texts["reply_to"]) and address.startswith(_ADDRESS):
        texts["reply_to"] = printable(unquote(address.removeprefix(_ADDRESS)), 255)
    if size > SMALL_HEADERS or len(headers) > MAX_HEADERS:
        headers = _cut({n: headers[n] for n in kept if n in headers} | headers)
    return Message(
        body=body,
        headers=headers,
        size=len(body) + GROWTH * size,
        timestamp=properties.timestamp,
        **texts,
    )


def from_store(command: StoredCommand) -> Message:
    """Return the message of a command that waits to be sent again.

    Properties that AMQP does not know are left out: one might be what is wrong with it.
    """
    given = command.properties if isinstance(command.properties, dict) else {}
    known = {name: value for name, value in given.items() if hasattr(BasicProperties(), name)}
    known.pop("timestamp", None)  # when it was published first, nobody has kept
    if not isinstance(known.get("headers"), dict):
        known["headers"] = {}
    return received(BasicProperties(**known), command.body)


def _cut(headers: dict[str, Any]) -> dict[str, Any]:
    """Return so much of the headers as we would store, and what means something to us."""
    return {name: _scalars(value) for name, value in _kept(headers).items()}


def _kept(headers: dict[str, Any]) -> dict[str, Any]:
    """Return the first headers, and those with a meaning."""
    first = dict(islice(headers.items(), MAX_HEADERS))
    meant = {name: headers[name] for name in _MEANINGFUL if name in headers}
    return {printable(name, 128): value for name, value in (first | meant).items()}


def _scalars(value: object) -> object:
    """Return a scalar; of a list of tables, as the broker tells deaths, the first few tables."""
    if not (isinstance(value, list) and all(isinstance(entry, dict) for entry in value)):
        return scalar(value)
    return [
        {printable(name, 128): scalar(inner) for name, inner in islice(entry.items(), 10)}
        for entry in value[:3]
    ]


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
    # What a newer release has stored besides, we do not know how to send.
    properties = {n: value for n, value in command.properties.items() if n in _AGAIN}
    if properties.get("reply_to") == DIRECT_REPLY:
        del properties["reply_to"]
    if headers := properties.get("headers"):
        properties["headers"] = {n: value for n, value in headers.items() if n not in _ROUTES}
    return BasicProperties(delivery_mode=DeliveryMode.Persistent, **properties)


def properties_of_new_command(
    type: str,
    command_id: str,
    version: int = 1,
    reply_to: str | None = None,
    user_id: str | None = None,
) -> BasicProperties:
    """`user_id`: who logged in; the broker refuses any other."""
    return BasicProperties(
        type=type,
        content_type="application/json",
        delivery_mode=DeliveryMode.Persistent,
        message_id=command_id,
        headers={"schema-version": version},
        reply_to=reply_to,
        user_id=user_id,
    )


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def printable(value: object, max_bytes: int = 1024) -> str:
    """Return text that UTF-8 and both databases can hold; pika returns bytes where it is none."""
    if isinstance(value, str) and len(value) <= max_bytes and value.isascii() and "\0" not in value:
        return value
    text = value.decode(errors="backslashreplace") if isinstance(value, bytes) else _text(value)
    data = text.replace("\0", "\\x00").encode(errors="backslashreplace")
    return data[:max_bytes].decode(errors="ignore")


def scalar(value: object) -> object:
    """Return what JSON and both databases can hold: null, an integer, or text."""
    if value is None or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    return printable(value)


def _text(value: object) -> str:
    try:
        return str(value)
    except BaseException as error:  # nested too deeply; or its own words raise, be it `sys.exit`
        return f"({type(value).__name__}; its text: {type(error).__name__})"

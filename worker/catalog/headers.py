"""What messages carry beside their bodies: AMQP headers and properties, as JSON Schema."""

from collections.abc import Iterable
from typing import Any

Said = dict[str, Any]

_TRACE: Said = {
    "traceparent": {"type": "string", "description": "W3C Trace Context; copied to the events."},
    "tracestate": {"type": "string", "description": "The same."},
}
_UUID: Said = {"type": "string", "format": "uuid"}
_SHORT: Said = {"type": "string", "maxLength": 255}


def of_command(version: int, kept: Iterable[str]) -> Said:
    """Return the headers of a command; `kept` are copied to all that comes of it."""
    said: Said = {"description": "The version of the body's schema.", "const": version}
    if version == 1:
        said["description"] += " May be left out."
    said["type"] = "integer"
    required = ["schema-version"] if version != 1 else []
    return _object({"schema-version": said, **_TRACE, **_copied(kept)}, required)


def of_event(kind: str | None, version: int, kept: Iterable[str]) -> Said:
    """Return the headers of an event of such an aggregate; of none, for rejections and failures."""
    more = {**_TRACE, **_copied(kept)}
    every: Said = {
        "causation-id": {**_UUID, "description": "The id of the command."},
        "schema-version": {"type": "integer", "const": version},
    }
    if kind is None:
        return _object({**every, **more}, ["schema-version"])
    place: Said = {
        "aggregate-type": {"type": "string", "const": kind},
        "aggregate-id": {**_UUID, "description": "Whose history this is."},
        "aggregate-version": {
            "type": "integer",
            "minimum": 1,
            "description": "Its place there: 1 for the first event, 2 for the next.",
        },
    }
    return _object({**every, **place, **more}, [*every, *place])


def _copied(names: Iterable[str]) -> Said:
    """Return the headers that a sender may set, and finds on all that comes of the command."""
    said = {"type": ["string", "integer"], "description": "Copied to all that comes of a command."}
    return dict.fromkeys(names, said)


def properties_of_command(type_: str) -> Said:
    """Return the AMQP properties that a sender sets."""
    return _object(
        {
            "type": {"type": "string", "const": type_, "description": "Names the command."},
            "content_type": {
                "type": "string",
                "description": "application/json, or left out.",
                "examples": ["application/json"],
            },
            "message_id": {
                **_SHORT,
                "description": "The command_id once more: of a body that cannot be read it is the"
                " only id.",
            },
            "correlation_id": {
                **_SHORT,
                "description": "Copied to all that comes of the command. Left out: its command_id.",
            },
            "reply_to": {**_SHORT, "description": "A queue that is sent the outcome, too."},
        },
        ["type"],
    )


def properties_of_event(type_: str, app_id: str) -> Said:
    """Return the AMQP properties of an event or a reply."""
    return _object(
        {
            "type": {"type": "string", "const": type_, "description": "Names the event."},
            "message_id": {**_UUID, "description": "The event_id."},
            "correlation_id": {**_SHORT, "description": "The command's, or its command_id."},
            "app_id": {"type": "string", "const": app_id, "description": "Who says it."},
            "timestamp": {"type": "integer", "description": "Seconds since 1970."},
            "content_type": {"type": "string", "const": "application/json"},
            "delivery_mode": {"type": "integer", "const": 2, "description": "Persistent."},
        },
        [
            "type",
            "message_id",
            "correlation_id",
            "app_id",
            "timestamp",
            "content_type",
            "delivery_mode",
        ],
    )


def _object(properties: Said, required: list[str]) -> Said:
    said = {"type": "object", "properties": properties}
    return {**said, "required": required} if required else said

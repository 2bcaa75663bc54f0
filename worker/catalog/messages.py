"""Each message of the component as an AsyncAPI message object."""

import re
from typing import Any

from domain.handling import own_events
from domain.messages import Command, Event
from schemas.contract import Described
from worker.catalog import headers
from worker.catalog.codes import FAILURES, rejections
from worker.component import Aggregate, Component

Said = dict[str, Any]

BINDING = "0.3.0"  # of AMQP in AsyncAPI


def key(message: Described) -> str:
    """Return the name of a message in the document."""
    name = re.sub(r"[^\w.-]", "-", message.type, flags=re.ASCII)
    return name if message.version == 1 else f"{name}.v{message.version}"


def command(message: Described, component: Component) -> Said:
    """Return the message object of a command."""
    owner = component.owners[message.message]
    return {
        **_common(message, owner, _doc(message.message)),
        "headers": headers.of_command(message.version, component.settings.correlation_headers),
        "correlationId": _correlation("Copied to all that comes of the command."),
        "x-amqp-properties": headers.properties_of_command(message.type),
        "examples": [
            {
                "name": name,
                "summary": summary,
                "headers": {"schema-version": message.version},
                "payload": body,
            }
            for (name, summary), body in zip(_FULL_AND_LEAST, message.examples, strict=False)
        ],
        "x-rejections": _codes(rejections(owner)),
    }


def event(message: Described, component: Component) -> Said:
    """Return the message object of an event, a rejection or a failure."""
    owner = _owner(message.message, component)
    kept = component.settings.correlation_headers
    said = {
        **_common(message, owner, _doc(message.message)),
        "headers": headers.of_event(owner.name if owner else None, message.version, kept),
        "correlationId": _correlation("The command's, or its command_id."),
        "x-amqp-properties": headers.properties_of_event(
            message.type, component.settings.component_name
        ),
        "examples": [_example(message, body, owner, component) for body in message.examples[:1]],
    }
    if message.type == "CommandFailed":
        said["x-codes"] = _codes(FAILURES)
    if message.type == "CommandRejected":
        every = [rejections(aggregate) for aggregate in component.aggregates]
        said["x-codes"] = _codes({code: text for codes in every for code, text in codes.items()})
    return said


def _example(message: Described, body: Said, owner: Aggregate | None, component: Component) -> Said:
    place: Said = {}
    if owner:
        aggregate_id = body.get(owner.keys[0], body["event_id"])
        place = {"aggregate-type": owner.name, "aggregate-id": aggregate_id, "aggregate-version": 1}
    else:
        body = {**body, "command_type": component.codec.command_types()[0]}
    every = {"causation-id": body["command_id"], "schema-version": message.version}
    return {"name": "full", "headers": {**every, **place}, "payload": body}


_FULL_AND_LEAST = (
    ("full", "With everything that it can have."),
    ("least", "With what it must have."),
)


def _common(message: Described, owner: Aggregate | None, doc: str) -> Said:
    summary, _, more = doc.partition("\n")
    said: Said = {"name": message.type, "title": message.type}
    if summary:
        said["summary"] = summary
    if more.strip():
        said["description"] = more.strip()
    return {
        **said,
        "contentType": "application/json",
        "payload": message.payload,
        "tags": [{"name": owner.name if owner else "outcomes"}],
        "bindings": {"amqp": {"messageType": message.type, "bindingVersion": BINDING}},
        "x-schema-version": message.version,
    }


def _owner(message: type[Command | Event], component: Component) -> Aggregate | None:
    owners = (a for a in component.aggregates if message in a.handler.events)
    return next(owners, None)


def _doc(message: type[Command | Event]) -> str:
    """Return what the author says of the message; of an event, where the aggregate declares it."""
    own = own_events(message) if issubclass(message, Event) else []
    for described in (message, *own):
        doc = described.__doc__ or ""
        if doc and not doc.startswith(f"{described.__name__}("):  # which dataclasses write
            return "\n".join(line.strip() for line in doc.strip().splitlines())
    return ""


def _codes(codes: dict[str, str]) -> list[Said]:
    return [{"code": code, "meaning": meaning} for code, meaning in codes.items()]


def _correlation(description: str) -> Said:
    return {"location": "$message.header#/correlation_id", "description": description}

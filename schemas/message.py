"""What the schemas of all commands and of all events have in common."""

from collections.abc import Callable
from typing import Any, ClassVar

from domain.messages import Command, Event
from schemas.fields import Timestamp, Uuid
from schemas.fields.base import said
from schemas.fields.fast import FastSchema
from schemas.normal import Rules

Upcast = Callable[[dict[str, Any]], dict[str, Any]]

_COMMAND_ID = (
    "Made by the sender, one for each command. Sent again under its id, it is applied once."
)


class MessageSchema(FastSchema):
    """One message on the wire: `type` is its public name, `version` its `schema-version`."""

    type: ClassVar[str]
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.normal = Rules(self).normal


class CommandSchema(MessageSchema):
    """The schema of one command class; loads what a sender published.

    `upcast`: of an earlier version, a static method that makes of its content that of the next.
    """

    message: ClassVar[type[Command]]
    upcast: ClassVar[Upcast | None] = None

    command_id = Uuid(required=True, metadata=said(_COMMAND_ID))
    timestamp = Timestamp(metadata=said("When it was decided. Left out: when it arrives."))


class EventSchema(MessageSchema):
    """The schema of one event class; dumps what subscribers read."""

    message: ClassVar[type[Event]]

    event_id = Uuid(required=True, metadata=said("The same whenever it is published again."))
    command_id = Uuid(required=True, metadata=said("The command that it came of."))
    timestamp = Timestamp(required=True, metadata=said("When it happened."))

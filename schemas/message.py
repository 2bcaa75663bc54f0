"""What the schemas of all commands and of all events have in common."""

from typing import ClassVar

from domain.messages import Command, Event
from schemas.fields import Timestamp, Uuid
from schemas.fields.fast import FastSchema
from schemas.normal import Rules


class MessageSchema(FastSchema):
    """One message on the wire: `type` is its public name, `version` its `schema-version`."""

    type: ClassVar[str]
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.normal = Rules(self).normal


class CommandSchema(MessageSchema):
    """The schema of one command class; loads what a sender published."""

    message: ClassVar[type[Command]]

    command_id = Uuid(required=True)
    timestamp = Timestamp()


class EventSchema(MessageSchema):
    """The schema of one event class; dumps what subscribers read."""

    message: ClassVar[type[Event]]

    event_id = Uuid(required=True)
    command_id = Uuid(required=True)
    timestamp = Timestamp(required=True)

"""How the messages look that say that a command was rejected or has failed."""

from domain import messages
from schemas.fields import Text
from schemas.message import EventSchema


class CommandRejected(EventSchema):
    type = "CommandRejected"
    message = messages.CommandRejected

    command_type = Text(required=True)
    code = Text(required=True)
    reason = Text(required=True)


class CommandFailed(EventSchema):
    type = "CommandFailed"
    message = messages.CommandFailed

    command_type = Text(required=True)
    code = Text(required=True)
    reason = Text(required=True)


SCHEMAS = (CommandRejected, CommandFailed)

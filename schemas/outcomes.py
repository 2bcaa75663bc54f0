"""How the messages look that say that a command was rejected or has failed."""

from domain import messages
from schemas.fields import Text, Uuid
from schemas.fields.base import said
from schemas.message import EventSchema

_TYPE = "The type of the command; empty where it had none."
_CODE = "Why, for programs. Expect codes that you do not know."
_REASON = "Why, for people."
_FAILED_ID = "The command; null in the answer to a message in which no id was found."


class CommandRejected(EventSchema):
    type = "CommandRejected"
    message = messages.CommandRejected

    command_type = Text(required=True, metadata=said(_TYPE))
    code = Text(required=True, metadata=said(_CODE, "not-found"))
    reason = Text(required=True, metadata=said(_REASON, "There is no such thing."))


class CommandFailed(EventSchema):
    type = "CommandFailed"
    message = messages.CommandFailed

    command_id = Uuid(required=True, allow_none=True, metadata=said(_FAILED_ID))
    command_type = Text(required=True, metadata=said(_TYPE))
    code = Text(required=True, metadata=said(_CODE, "invalid"))
    reason = Text(required=True, metadata=said(_REASON, "value: Not a valid string."))


SCHEMAS = (CommandRejected, CommandFailed)

"""From a message to a command, or to the fault that makes it a dead letter."""

from hashlib import sha256
from typing import Any, NamedTuple

from domain.messages import Command, CommandID
from schemas.codec import Codec, digest, parse, uuid_or_none
from schemas.exceptions import Undecodable
from worker.amqp.wire import Message
from worker.consumer.labels import refuse_other_formats
from worker.exceptions import Quit

# A body above the limit is no command, but its sender shall hear so: up to this many times the
# limit we still parse it, to find its command id.
_SEARCHED = 4


class Received(NamedTuple):
    """A message as far as it could be read: with a command, or with a fault, never both.

    A fault other than `Undecodable` comes from the team's own classes, which found no command in
    what the schema had let through: it ends as if the command handler had raised it. A message
    with neither is an event, which is nothing to apply: somebody had an outcome sent here.
    """

    message: Message
    command_id: CommandID | None
    digest: str
    command: Command | None = None
    fault: Exception | None = None

    @property
    def is_event(self) -> bool:
        return self.command is None and self.fault is None

    def has_digest(self, known: str) -> bool:
        """Tell whether this is the content of that digest, which an older release may have made."""
        return known == self.digest or (self.command is not None and known == self._older_digest())

    def _older_digest(self) -> str:
        """Return the digest as it was while it depended on the case of UUIDs and on null."""
        return digest(self.message.type or "", parse(self.message.body))


class Reader:
    """Reads messages by the rules of the wire format."""

    def __init__(self, codec: Codec, max_message_bytes: int) -> None:
        self._codec = codec
        self._max_bytes = max_message_bytes

    def read(self, message: Message) -> Received:
        """Return the command or the fault; never raises."""
        content: dict[str, Any] = {}
        fingerprint = ""
        try:
            content = self._content(message)
            version = _version(message)
            content = self._codec.normal(message.type or "", content, version)
            fingerprint = digest(message.type or "", content)
            command = self._command(message, content, version)
        except Exception as error:  # of schemas and command classes, which can be anything
            return _faulty(message, content, fingerprint, error)
        except BaseException as error:
            return _faulty(message, content, fingerprint, Quit(error))
        return Received(message, command.command_id, fingerprint, command)

    def _content(self, message: Message) -> dict[str, Any]:
        if len(message.body) > _SEARCHED * self._max_bytes:
            raise self._too_large(message)
        try:
            return parse(message.body)
        except Undecodable:
            refuse_other_formats(message)  # what it says of itself is the better reason
            raise

    def _command(self, message: Message, content: dict[str, Any], version: int | None) -> Command:
        if len(message.body) > self._max_bytes:
            raise self._too_large(message)
        refuse_other_formats(message)
        if not message.type:
            raise _untyped(content)
        if version is None:
            raise Undecodable("unknown-type", "The schema-version is not an integer, such as 1.")
        return self._codec.decode(message.type, content, version)

    def _too_large(self, message: Message) -> Undecodable:
        size = len(message.body)
        return Undecodable("too-large", f"The body has {size} bytes, more than {self._max_bytes}.")


def _faulty(
    message: Message, content: dict[str, Any], fingerprint: str, error: Exception
) -> Received:
    """Return a message in which no command was found, with as much as is known of it."""
    fingerprint = fingerprint or sha256(message.body).hexdigest()
    if isinstance(error, Undecodable):
        # The fault says everything itself. Its traceback would keep the frames of the
        # parser alive, and with them the whole message, in a circle of references.
        error.__cause__ = error.__context__ = error.__traceback__ = None
        if _is_event(message, content):
            return Received(message, None, fingerprint)
    named = uuid_or_none(content.get("command_id")) or _named(message)
    fault = error if named or isinstance(error, Undecodable) else _anonymous(error)
    return Received(message, named, fingerprint, fault=fault)


def _version(message: Message) -> int | None:
    """Return the version of the schema, None where it is no integer."""
    version = message.headers.get("schema-version", 1)
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _untyped(content: dict[str, Any]) -> Undecodable:
    """Return the fault of a message without type; some senders put it into the body."""
    where = " A field 'type' in the body names none." if "type" in content else ""
    reason = (
        f"The message has no type, nor a header of that name.{where} Set the AMQP property 'type';"
        " from AMQP 1.0, the application property of that name."
    )
    return Undecodable("unknown-type", reason)


def _named(message: Message) -> CommandID | None:
    """Return the command id that the message id is; AMQP 1.0 has a form of its own for UUIDs."""
    return uuid_or_none((message.message_id or "").removeprefix("urn:uuid:"))


def _is_event(message: Message, content: dict[str, Any]) -> bool:
    """Tell whether it has the form of the events of a component; nobody sends commands so."""
    event_id, cause = content.get("event_id"), content.get("command_id")
    named = event_id is not None and event_id == message.message_id
    return named and cause == message.headers.get("causation-id") and message.app_id is not None


def _anonymous(error: Exception) -> Undecodable:
    """Return the fault of a message that nobody can try again: it has no command id."""
    return Undecodable("invalid", "The program could make no command of it.", bug=error)

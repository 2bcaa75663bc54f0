"""From a message to a command, or to the fault that makes it a dead letter."""

import re
from hashlib import sha256
from typing import Any, NamedTuple

from domain.messages import Command, CommandID
from schemas.codec import Codec, digest, parse, uuid_or_none
from schemas.exceptions import Undecodable
from worker.headers import UNREADABLE
from worker.wire import Message, printable

_JSON = re.compile(r"application/json\s*(;\s*charset\s*=\s*\"?utf-?8\"?\s*)?", re.IGNORECASE)
# An oversized body is still searched for its command id, up to this many times the limit.
_SEARCHED = 4


class Received(NamedTuple):
    """A message as far as it could be read: with a command, or with a fault, never both.

    A fault other than `Undecodable` comes from the team's own classes, which found no command in
    what the schema had let through: it ends as if the command handler had raised it.
    """

    message: Message
    command_id: CommandID | None
    digest: str
    command: Command | None = None
    fault: Exception | None = None


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
            fingerprint = digest(message.type or "", content)
            command = self._command(message, content)
        except Exception as error:  # of schemas and command classes, which can be anything
            named = uuid_or_none(content.get("command_id")) or uuid_or_none(message.message_id)
            fingerprint = fingerprint or sha256(message.body).hexdigest()
            fault = error if named or isinstance(error, Undecodable) else _anonymous(error)
            return Received(message, named, fingerprint, fault=fault)
        return Received(message, command.command_id, fingerprint, command)

    def _content(self, message: Message) -> dict[str, Any]:
        if len(message.body) > _SEARCHED * self._max_bytes:
            raise self._too_large(message)
        return parse(message.body)

    def _command(self, message: Message, content: dict[str, Any]) -> Command:
        if len(message.body) > self._max_bytes:
            raise self._too_large(message)
        if UNREADABLE in message.headers:
            raise Undecodable("malformed", "The headers cannot be decoded.")
        if message.content_type and not _JSON.fullmatch(message.content_type):
            raise Undecodable("malformed", f"The content type is {message.content_type!r}.")
        if message.content_encoding not in (None, "", "identity", "utf-8"):
            raise Undecodable("malformed", f"The encoding is {message.content_encoding!r}.")
        if not message.type:
            raise Undecodable("unknown-type", "The message has no type.")
        version = message.headers.get("schema-version", 1)
        if not isinstance(version, int) or isinstance(version, bool):
            raise Undecodable("unknown-type", "The schema-version is not an integer.")
        command = self._codec.decode(message.type, content, version)
        same = not message.message_id or message.message_id == content["command_id"]
        if not same and uuid_or_none(message.message_id) != command.command_id:
            raise Undecodable("id-mismatch", "The message_id is not the body's command_id.")
        return command

    def _too_large(self, message: Message) -> Undecodable:
        size = len(message.body)
        return Undecodable("too-large", f"The body has {size} bytes, more than {self._max_bytes}.")


def _anonymous(error: Exception) -> Undecodable:
    """Return the fault of a message that nobody can try again: it has no command id."""
    return Undecodable("invalid", f"{type(error).__name__}: {printable(error)}")

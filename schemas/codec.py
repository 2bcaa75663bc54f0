"""From bytes to messages and back: JSON, its digest, and the schema that a type names."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from hashlib import sha256
from json import JSONDecodeError
from types import NoneType
from typing import Any, NoReturn

from marshmallow import ValidationError

from domain.messages import Command, CommandID, Event
from schemas.catalogue import Catalogue
from schemas.exceptions import Undecodable
from schemas.fields import Uuid
from schemas.look_alikes import name_of
from schemas.message import CommandSchema

Shape = tuple[str, int, str]  # a message's public type, its schema version, and its body

NAMED = 10  # of the types there are, in what is said of an unknown one

_uuid = Uuid()
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object that the body is, or raise `Undecodable` of kind `malformed`."""
    try:
        value = _decode(body.decode())
    except JSONDecodeError as error:
        raise _malformed(body, f"is not JSON: {error}") from error
    except UnicodeDecodeError as error:
        byte = f"byte {error.start} is {body[error.start]:#04x}"
        raise _malformed(body, f"is not UTF-8: {byte}; send UTF-8") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise _malformed(body, "has a number of too many digits") from error
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "number")
        raise _malformed(body, f"is a JSON {kind}, and not a JSON object")
    return value


_KINDS = {list: "array", str: "text (encoded twice?)", bool: "boolean", NoneType: "null"}


def _malformed(body: bytes, what: str) -> Undecodable:
    return Undecodable("malformed", f"The body {name_of(body) or what}.")


def _too_deep() -> Undecodable:
    return Undecodable("malformed", "The body is nested too deeply.")


def _refuse_constant(name: str) -> NoReturn:
    raise Undecodable("malformed", f"The body is not JSON: {name} is not a JSON value.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Undecodable("malformed", "The body has the same name twice in one object.")
    return result


_decode = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique).decode


def uuid_or_none(value: object) -> CommandID | None:
    """Return the UUID that the text is, or None."""
    try:
        return CommandID(_uuid.deserialize(value))
    except ValidationError:
        return None


def digest(type: str, content: dict[str, Any]) -> str:
    """Return the fingerprint of a command's content, its `timestamp` left out."""
    if "timestamp" in content:
        content = {name: value for name, value in content.items() if name != "timestamp"}
    try:
        canonical = _canonical(content)
    except RecursionError as error:
        raise _too_deep() from error
    return sha256(f"{type}\n{canonical}".encode()).hexdigest()


class Codec:
    """Turns (type, content) into a command, and a message into (type, version, JSON text)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._any_command = CommandSchema()  # for what has no schema of its own

    def command_types(self) -> list[str]:
        """Return the public names of all commands."""
        return sorted({type for type, _ in self._catalogue.commands})

    def normal(self, type: str, content: dict[str, Any], version: int | None = 1) -> dict[str, Any]:
        """Return the form that a content has however its sender writes UUIDs and null."""
        known = self._catalogue.commands.get((type, version)) if version is not None else None
        try:
            return (known or self._any_command).normal(content)
        except RecursionError as error:
            raise _too_deep() from error

    def decode(self, type: str, content: dict[str, Any], version: int = 1) -> Command:
        """Return the command; `content` is what `normal` returned.

        Raises `Undecodable`, and what the class of the command raises.
        """
        schema = self._catalogue.commands.get((type, version))
        if schema is None:
            raise self._unknown(type, version)
        try:
            fields = schema.read(content)
            if upcaster := self._catalogue.upcasters.get((type, version)):
                fields = upcaster.read(content)
            return schema.message(**fields)
        except ValidationError as error:
            error.__traceback__ = None  # marshmallow's frames refer to it, and it to them
            raise Undecodable("invalid", *_explain(error.messages_dict)) from error

    def _unknown(self, type: str, version: int) -> Undecodable:
        """Return the fault, which names what comes nearest."""
        reason = f"There is no command {type!r} in version {version}."
        if versions := [str(v) for known, v in self._catalogue.commands if known == type]:
            return Undecodable("unknown-type", f"{reason} Its versions: {', '.join(versions)}.")
        nearest = get_close_matches(type, self.command_types(), n=NAMED, cutoff=0)
        return Undecodable("unknown-type", f"{reason} The nearest: {', '.join(nearest)}.")

    def encode(self, message: Command | Event) -> Shape:
        """Return the message's public type, its newest schema version and its body."""
        schema = self._catalogue.by_class[type(message)]
        return schema.type, schema.version, _compact(schema.write(message))

    def encode_shapes(self, event: Event) -> list[Shape]:
        """Return the same of every version in which the event is published, the oldest first."""
        shapes = self._catalogue.events[type(event)]
        return [(s.type, s.version, _compact(s.write(event))) for s in shapes]


def _explain(messages: dict[Any, Any]) -> tuple[str, dict[str, list[str]]]:
    """Return a sentence and the errors by field: of the first few, the sender chose how many."""
    errors = dict(sorted(_by_field(messages))[:10])
    return " ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()), errors


def _by_field(messages: dict[Any, Any], path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield the path of each field, such as `lines.0.price`, and what is wrong with it."""
    for name, wrong in messages.items():
        if isinstance(wrong, dict):
            yield from _by_field(wrong, f"{path}{name}.")
        else:
            texts = [wrong] if isinstance(wrong, str) else wrong
            yield _storable(f"{path}{name}")[:80], [_storable(str(text))[:200] for text in texts]


def _storable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")

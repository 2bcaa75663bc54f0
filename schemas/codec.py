import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NoReturn

from marshmallow import ValidationError

from domain.messages import Command, CommandID, Event
from schemas.catalogue import Catalogue
from schemas.exceptions import Undecodable
from schemas.fields import Uuid

_uuid = Uuid()
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object that the body is, or raise `Undecodable` of kind `malformed`."""
    try:
        value = _decode(body.decode())
    except UnicodeDecodeError as error:
        raise Undecodable("malformed", f"The body is not UTF-8: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise Undecodable("malformed", f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Undecodable("malformed", "The body is not a JSON object.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same name twice")
    return result


_decode = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique).decode


def uuid_or_none(value: object) -> CommandID | None:
    """Return the UUID that the text is, or None."""
    try:
        return CommandID(_uuid.deserialize(value))
    except ValidationError:
        return None


def digest(type: str, content: dict[str, Any]) -> str:
    """Return the fingerprint of a command as it was sent, its `timestamp` left out."""
    content = {name: value for name, value in content.items() if name != "timestamp"}
    try:
        canonical = _canonical(content)
    except RecursionError as error:
        raise Undecodable("malformed", "The body is nested too deeply.") from error
    return sha256(f"{type}\n{canonical}".encode()).hexdigest()


class Codec:
    """Turns (type, content) into a command, and a message into (type, version, JSON text)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def command_types(self) -> list[str]:
        """Return the public names of all commands."""
        return sorted({type for type, _ in self._catalogue.commands})

    def decode(self, type: str, content: dict[str, Any], version: int = 1) -> Command:
        """Return the command; `content` is what `parse` returned.

        Raises `Undecodable`, and what the class of the command raises.
        """
        schema = self._catalogue.commands.get((type, version))
        if schema is None:
            raise Undecodable("unknown-type", f"There is no command {type!r} in version {version}.")
        try:
            return schema.message(**schema.read(content))
        except ValidationError as error:
            raise Undecodable("invalid", *_explain(error.messages_dict)) from error

    def encode(self, message: Command | Event) -> tuple[str, int, str]:
        """Return the message's public type, its schema version and its body."""
        schema = self._catalogue.by_class[type(message)]
        return schema.type, schema.version, _compact(schema.write(message))


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

"""What an author forgets when he writes a schema, told when a process starts."""

import dataclasses
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from marshmallow import Schema, fields, missing

from domain.messages import Command
from schemas import fields as ours
from schemas.exceptions import CatalogueError
from schemas.fields.fast import FastSchema
from schemas.message import CommandSchema, EventSchema, MessageSchema

_OF_EVERY_COMMAND = {field.name for field in dataclasses.fields(Command)}
_COMPUTED = (fields.Constant, fields.Function, fields.Method)  # need no attribute


def check_message(schema: CommandSchema | EventSchema, *, is_newest: bool) -> None:
    """Raise `CatalogueError` where the schema and its class do not share their fields.

    A schema of an older version may lack what its class can fill by itself, or what an event has
    got since. What a hook or an upcaster makes of the fields only its author knows: then they are
    not compared.
    """
    _check_json(schema)
    is_changed = any(schema._hooks[hook] for hook in _hooks_of(schema))
    if isinstance(schema, CommandSchema) and type(schema).upcast:
        is_changed = True
    if not is_changed:
        _check_shared(schema, schema.message, may_lack=_lacked_by(schema, is_newest))
        if isinstance(schema, CommandSchema):
            _check_required(schema, schema.message, _OF_EVERY_COMMAND)
    for part in _parts(schema):
        _check_shared(part, part.part, may_lack=_nothing)
        _check_required(part, part.part, set())


def _hooks_of(schema: MessageSchema) -> tuple[str, str]:
    is_command = isinstance(schema, CommandSchema)
    return ("pre_load", "post_load") if is_command else ("pre_dump", "post_dump")


MayLack = Callable[["dataclasses.Field[Any]"], bool]


def _lacked_by(schema: MessageSchema, is_newest: bool) -> MayLack:
    if is_newest:
        return _nothing
    return _has_default if isinstance(schema, CommandSchema) else _anything


def _nothing(field: "dataclasses.Field[Any]") -> bool:
    return False


def _anything(field: "dataclasses.Field[Any]") -> bool:
    return True


def _check_shared(schema: FastSchema, message: type[Any], *, may_lack: MayLack) -> None:
    known = {field.name: field for field in dataclasses.fields(message) if field.init}
    described = _attributes(schema)
    for name, field in known.items():
        if name not in described and not may_lack(field):
            raise CatalogueError(
                f"{_name(type(schema))} has no field {name!r}, which {_name(message)} has"
            )
    for name, described_by in described.items():
        # An event may also publish a property.
        is_read = isinstance(schema, EventSchema) and hasattr(message, name)
        if name not in known and not is_read and not isinstance(described_by, _COMPUTED):
            raise CatalogueError(
                f"{_name(type(schema))} has a field {name!r}, which {_name(message)} has not"
            )


def _check_required(schema: FastSchema, message: type[Any], of_all: set[str]) -> None:
    """A sender must give what the class cannot fill, and nothing else."""
    described = _attributes(schema)
    for field in dataclasses.fields(message):
        if field.name in of_all or field.name not in described:
            continue
        given, place = described[field.name], f"field {field.name!r} of {_name(type(schema))}"
        if given.required and _has_default(field):
            raise CatalogueError(f"{place} must not be required, as {_name(message)} has a default")
        if not given.required and given.load_default is missing and not _has_default(field):
            raise CatalogueError(f"{place} must be required, as {_name(message)} has no default")


def _attributes(schema: FastSchema) -> dict[str, fields.Field[Any]]:
    """Return the fields that the messages have, by the names that their class has for them."""
    ways = {"load_only": CommandSchema, "dump_only": EventSchema}  # a part may go either way
    unused = [way for way, only in ways.items() if not isinstance(schema, only)]
    return {
        field.attribute or name: field
        for name, field in schema.fields.items()
        if not any(getattr(field, way) for way in unused)
    }


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return not field.default is field.default_factory is dataclasses.MISSING


def _parts(schema: Schema) -> Iterator[ours.PartSchema]:
    for field in _all_fields(schema):
        if isinstance(field, ours.Nested):
            yield field.schema


def _check_json(schema: MessageSchema) -> None:
    """Refuse fields that make of a value what JSON cannot take: each event would fail."""
    for field in _all_fields(schema):
        if (mine := _mine(field)) is not None:
            raise CatalogueError(
                f"field {field.name!r} of {_name(type(schema))} is marshmallow's"
                f" {type(field).__name__}, whose values JSON cannot take: use {mine}"
            )


def _mine(field: fields.Field[Any]) -> str | None:
    """Return what to use instead of a field whose values JSON cannot take."""
    if isinstance(field, fields.Decimal) and not field.as_string:
        return "schemas.fields.Decimal, which is text"
    if isinstance(field, fields.Float) and field.allow_nan:
        return "schemas.fields.Decimal, or leave allow_nan out"
    if isinstance(field, fields.Enum) and field.by_value and not _is_json(field.enum):
        return "schemas.fields.Enum, and text as values"
    return None


def _is_json(members: type[Enum]) -> bool:
    return all(isinstance(m.value, str | int | float | None) for m in members)


def _all_fields(schema: Schema, seen: frozenset[type] = frozenset()) -> Iterator[fields.Field[Any]]:
    """Yield the fields, and those inside them; a schema may contain itself."""
    if type(schema) in seen:
        return
    waiting = list(schema.fields.values())
    while waiting:
        field = waiting.pop(0)
        yield field
        if isinstance(field, ours.Nested | fields.Nested):
            yield from _all_fields(field.schema, seen | {type(schema)})
        elif isinstance(field, ours.List | ours.Mapping | fields.List):
            waiting.append(field.inner)
        elif isinstance(field, fields.Dict):
            waiting += filter(None, (field.key_field, field.value_field))
        elif isinstance(field, fields.Tuple):
            waiting += field.tuple_fields


def _name(named: type[Any]) -> str:
    return f"{named.__module__}.{named.__qualname__}"

"""Each message of a catalogue as other teams see it."""

from dataclasses import dataclass
from typing import Any

from schemas.catalogue import Catalogue
from schemas.contract.converter import Converter
from schemas.contract.examples import Examples
from schemas.message import CommandSchema, EventSchema

Said = dict[str, Any]  # what JSON Schema (draft-07) says of something


@dataclass(frozen=True)
class Described:
    """One message: `examples` are bodies, a full one and, where it differs, the least."""

    type: str
    version: int
    message: Any  # the class of the command or event
    payload: Said
    examples: tuple[Said, ...]


@dataclass(frozen=True)
class Contract:
    """All messages; `parts` are schemas of objects that contain themselves, by name."""

    commands: tuple[Described, ...]
    events: tuple[Described, ...]
    parts: dict[str, Said]


def describe(catalogue: Catalogue) -> Contract:
    """Return the contract, in the order in which the schemas were listed."""
    reading, writing = Converter(written=False), Converter(written=True)
    events = [schema for shapes in catalogue.events.values() for schema in shapes]
    return Contract(
        tuple(_described(reading, schema) for schema in catalogue.commands.values()),
        tuple(_described(writing, schema) for schema in events),
        reading.parts | writing.parts,
    )


def _described(converter: Converter, schema: CommandSchema | EventSchema) -> Described:
    payload = converter.schema2jsonschema(schema)
    examples = _examples(payload, Examples(converter.parts))
    return Described(schema.type, schema.version, schema.message, payload, examples)


def _examples(payload: Said, examples: Examples) -> tuple[Said, ...]:
    try:
        full, least = (examples.of(payload, whole=whole) for whole in (True, False))
    except LookupError:
        return ()  # a field of a team's own that gives none
    return (full,) if full == least else (full, least)

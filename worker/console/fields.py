"""A form for a command, field by field as its schema says, and what was filled in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.console.pages import pretty

PREFIX = "field."  # of the names in the form, beside `type` and `check`
Schema = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """`kind`: text, choice or json. `choices`: what a choice can be, as JSON writes it."""

    name: str
    kind: str
    is_required: bool
    about: str
    example: str
    choices: tuple[str, ...] = ()


def fields_of(schema: Schema) -> list[Field]:
    """Return a field for each property but the id, which is made where there is none."""
    required = schema.get("required", [])
    return [
        _field(name, about, is_required=name in required)
        for name, about in schema.get("properties", {}).items()
        if name != "command_id"
    ]


def content_of(schema: Schema, filled: dict[str, str]) -> dict[str, Any]:
    """Return what was filled in; what was left empty is left out, and the schema says the rest."""
    return dict(_values(schema, filled))


def _values(schema: Schema, filled: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name, about in schema.get("properties", {}).items():
        if text := filled.get(PREFIX + name):
            yield name, text if _types(about) == {"string"} else _json_or_text(text)


def _field(name: str, about: Schema, *, is_required: bool) -> Field:
    types, choices = _types(about), about.get("enum", ())
    if types == {"boolean"}:
        choices = True, False
    one = next(iter(about.get("examples", ())), None)
    is_text = types == {"string"}
    is_json = not (types and types <= {"string", "integer", "number"})
    return Field(
        name=name,
        kind="choice" if choices else "json" if is_json else "text",
        is_required=is_required,
        about=about.get("description", ""),
        example="" if one is None else one if isinstance(one, str) else pretty(one),
        choices=tuple(
            value if is_text else json.dumps(value) for value in choices if value is not None
        ),
    )


def _types(about: Schema) -> set[str]:
    """Return the types that a value can have besides null; none where another part says it."""
    types = about.get("type", [])
    return {*([types] if isinstance(types, str) else types)} - {"null"}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text  # which the schema refuses in words of its own

"""What a field is, in words, from its JSON Schema."""

from collections.abc import Iterator
from typing import Any, NamedTuple

Said = dict[str, Any]

_INT64 = 2**63


class Row(NamedTuple):
    """A field of a message or of a part of it: `name` is its path, such as `lines[].price`."""

    name: str
    kind: str
    limits: str
    required: bool
    null: bool
    description: str


def rows(said: Said, path: str = "") -> Iterator[Row]:
    """Give the fields of an object, those of its parts after them."""
    for name, field in said.get("properties", {}).items():
        required = name in said.get("required", ())
        null = "null" in _types(field) or "anyOf" in field
        yield Row(
            f"{path}{name}",
            kind(field),
            "; ".join(_limits(field)),
            required,
            null and required,
            field.get("description", ""),
        )
        inner, below = field, f"{path}{name}."
        while "items" in inner or isinstance(inner.get("additionalProperties"), dict):
            below = f"{below[:-1]}{'[]' if 'items' in inner else '{}'}."
            inner = inner["items"] if "items" in inner else inner["additionalProperties"]
        yield from rows(inner, below)


def kind(said: Said) -> str:
    """Return what somebody would call such a value."""
    if reference := _reference(said):
        return f"object ({reference.rpartition('/')[2]})"
    if "items" in said:
        return f"list: {kind(said['items'])}"
    if isinstance(said.get("additionalProperties"), dict):
        return f"names and {kind(said['additionalProperties'])}"
    if "x-places" in said:
        return "decimal, as text"
    if "const" in said:
        return f"always {said['const']}"
    types = [_KINDS.get(type_, type_) for type_ in _types(said) if type_ != "null"] or ["anything"]
    return _KINDS.get(said.get("format", ""), " or ".join(types))


_KINDS = {
    "uuid": "UUID",
    "date-time": "date-time (RFC 3339)",
    "date": "date (ISO 8601)",
    "string": "text",
}


def _limits(said: Said) -> Iterator[str]:
    if "enum" in said:
        yield "one of " + ", ".join(str(value) for value in said["enum"] if value is not None)
    if "x-places" in said:
        yield f"{said['x-minimum']} to {said['x-maximum']}, {said['x-places']} places"
    least, most = said.get("minimum", -_INT64), said.get("maximum", _INT64 - 1)
    if (least, most) != (-_INT64, _INT64 - 1):
        yield _between(least if least > -_INT64 else None, most if most < _INT64 - 1 else None)
    for of, unit in (("Length", "characters"), ("Items", "items"), ("Properties", "names")):
        if f"min{of}" in said or f"max{of}" in said:
            yield f"{_between(said.get(f'min{of}'), said.get(f'max{of}'))} {unit}"
    if "default" in said:
        yield f"else {said['default']}"
    if "items" in said:
        yield from (f"each {limit}" for limit in _limits(said["items"]))


def _between(least: float | None, most: float | None) -> str:
    if most is None:
        return f"{least} or more"
    return f"at most {most}" if least is None else f"{least} to {most}"


def _types(said: Said) -> list[str]:
    types = said.get("type", [])
    return types if isinstance(types, list) else [types]


def _reference(said: Said) -> str:
    inner = next((part for part in said.get("anyOf", ()) if "$ref" in part), said)
    reference: str = inner.get("$ref", "")
    return reference

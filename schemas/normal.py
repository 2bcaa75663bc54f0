"""The one form of a content that senders write in several ways."""

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import Schema, fields
from marshmallow.fields import Field

from schemas.fields import List, Mapping, Nested, Uuid

Normalize = Callable[[Any], Any]


class Rules:
    """How the content of one schema is normalized, on the names that the wire has."""

    def __init__(self, schema: Schema) -> None:
        named = {field.data_key or name: field for name, field in schema.fields.items()}
        # Unless the field itself has a meaning for null.
        self._optional = {n for n, f in named.items() if not (f.required or f.allow_none)}
        self._fields = [(name, rule) for name, f in named.items() if (rule := _rule(f))]

    def normal(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the content with UUIDs in lower case and without null in optional fields."""
        result = content.copy()
        if None in content.values():
            for name in self._optional:
                if name in result and result[name] is None:
                    del result[name]
        for name, rule in self._fields:
            if name in result:
                result[name] = rule(result[name])
        return result


# A schema may contain itself: what is nested gets its rules when the first value comes.
_rules_of = cache(Rules)


def _rule(field: Field[Any]) -> Normalize | None:
    if isinstance(field, Uuid | fields.UUID):
        return _lower
    if isinstance(field, Nested | fields.Nested):
        return lambda value: _nested(field.schema, value)
    if isinstance(field, List | fields.List) and (rule := _rule(field.inner)):
        return _each(rule)
    if isinstance(field, Mapping) and (rule := _rule(field.inner)):
        return _of_each_name(rule)
    if isinstance(field, fields.Dict) and field.value_field and (rule := _rule(field.value_field)):
        return _of_each_name(rule)
    return None


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _nested(schema: Schema, value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(schema, item) for item in value]
    return _rules_of(schema).normal(value) if isinstance(value, dict) else value


def _each(rule: Normalize) -> Normalize:
    return lambda value: [rule(item) for item in value] if isinstance(value, list) else value


def _of_each_name(rule: Normalize) -> Normalize:
    return lambda value: (
        {name: rule(item) for name, item in value.items()} if isinstance(value, dict) else value
    )

"""Fields of several values of one kind."""

from collections.abc import Iterable
from copy import copy
from typing import Any

from marshmallow import ValidationError, fields

from schemas.fields.base import Field
from schemas.fields.text import STORABLE, Text


class _Several(Field[Any]):
    """Values that a field `inner` describes. The size of a message limits how many there can be."""

    _kind: str  # the words for the sender
    _counted: str  # JSON Schema's word

    def __init__(
        self,
        inner: fields.Field[Any],
        *,
        min_items: int = 0,
        max_items: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.inner = inner
        self._min, self._max = min_items, max_items
        self.invalid = f"Not {self._kind}."

    def _bind_to_schema(self, field_name: str, parent: Any) -> None:
        super()._bind_to_schema(field_name, parent)
        self.inner = copy(self.inner)
        self.inner._bind_to_schema(field_name, self)

    def json_schema(self) -> dict[str, Any]:
        limits = {f"min{self._counted}": self._min} if self._min else {}
        if self._max is not None:
            limits[f"max{self._counted}"] = self._max
        return {**self.written_schema(), **limits}

    def _check_number(self, number: int) -> None:
        if number < self._min or (self._max is not None and number > self._max):
            most = "or more" if self._max is None else f"to {self._max}"
            raise self.refusal(f"Has {number} items: {self._min} {most} are allowed.")

    def _read(self, items: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Return places and values, or raise what is wrong at which place."""
        values, wrong = [], {}
        for place, item in items:
            try:
                values.append((place, self.inner.deserialize(item)))
            except ValidationError as error:
                wrong[place] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return values

    def _write(self, item: Any) -> Any:
        return self.inner._serialize(item, None, None)


class List(_Several):
    """A JSON array of values of one field: a tuple, since messages do not change."""

    _kind = "a JSON array, such as []"
    _counted = "Items"

    def written_schema(self) -> dict[str, Any]:
        return {"type": "array"}

    def to_wire(self, value: tuple[Any, ...] | list[Any]) -> list[Any]:
        if not isinstance(value, tuple | list):
            raise self.unwritable()
        return [self._write(item) for item in value]

    def from_wire(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise self.refusal()
        self._check_number(len(value))
        return tuple(item for _, item in self._read(enumerate(value)))


class Mapping(_Several):
    """A JSON object whose names are data: a dictionary from text to values of one field."""

    _kind = 'a JSON object, such as {"name": …}'
    _counted = "Properties"
    _key = Text()

    def json_schema(self) -> dict[str, Any]:
        return {**super().json_schema(), "propertyNames": {"pattern": STORABLE}}

    def written_schema(self) -> dict[str, Any]:
        return {"type": "object"}

    def to_wire(self, value: dict[str, Any]) -> dict[str, Any]:
        if not (isinstance(value, dict) and all(isinstance(key, str) for key in value)):
            raise self.unwritable()
        return {key: self._write(item) for key, item in value.items()}

    def from_wire(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refusal()
        self._check_number(len(value))
        for key in value:
            self._key.from_wire(key)
        return dict(self._read(value.items()))

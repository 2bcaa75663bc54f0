"""What every field of the wire has in common, and what a field of your own is made from."""

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from marshmallow import ValidationError, fields, missing

T = TypeVar("T")


def said(description: str, example: Any = None) -> dict[str, Any]:
    """Return the metadata by which the catalogue says more of a field."""
    return {"description": description} | ({} if example is None else {"example": example})


class Field(fields.Field[T], ABC):
    """A field of the wire. One of your own says what is `invalid`, and writes two methods.

    What `to_wire` returns, `from_wire` takes, and nothing else that could mean the same.
    """

    invalid = "Not a valid value."

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._has_more = bool(self.validators or self.pre_load or self.post_load)

    @abstractmethod
    def to_wire(self, value: T) -> Any:
        """Return the JSON value of what is not None, or raise `self.unwritable()`."""

    @abstractmethod
    def from_wire(self, value: Any) -> T:
        """Return what the JSON value means, which is not null, or raise `self.refusal()`."""

    def json_schema(self) -> dict[str, Any]:
        """Return what JSON Schema (draft-07) can say of what `from_wire` takes, with `examples`."""
        return {}

    def written_schema(self) -> dict[str, Any]:
        """Return the same of what `to_wire` returns; less, where limits hold for senders only."""
        return self.json_schema()

    def refusal(self, why: str | None = None) -> ValidationError:
        """Return the error for the sender."""
        return ValidationError(why or self.invalid)

    def unwritable(self) -> ValueError:
        """Return the error for the author, whose event holds what no subscriber could read."""
        return ValueError(f"{self.name} cannot be written: {self.invalid}")

    def deserialize(
        self, value: Any, attr: str | None = None, data: Any = None, **options: Any
    ) -> Any:
        """Return what marshmallow would, without asking for what this field does not have."""
        if value is None or value is missing or self._has_more:
            return super().deserialize(value, attr, data, **options)
        return self.from_wire(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> T:
        return self.from_wire(value)

    def _serialize(self, value: T | None, attr: Any, obj: Any, **options: Any) -> Any:
        return None if value is None else self.to_wire(value)

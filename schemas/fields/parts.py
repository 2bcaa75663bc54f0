"""Parts of a message: an object inside, which is a dataclass of its own."""

from typing import Any, ClassVar

from schemas.fields.base import Field
from schemas.fields.fast import FastSchema


class PartSchema(FastSchema):
    """The schema of a part, such as a line of an order; `part` is its dataclass."""

    part: ClassVar[type[Any]]


class Nested(Field[Any]):
    """A JSON object that the schema of a part describes."""

    invalid = 'Not a JSON object, such as {"name": …}.'

    def __init__(self, schema: type[PartSchema], **options: Any) -> None:
        super().__init__(**options)
        self.schema = schema()

    def to_wire(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, self.schema.part):
            raise self.unwritable()
        return self.schema.write(value)

    def from_wire(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise self.refusal()
        return self.schema.part(**self.schema.read(value))

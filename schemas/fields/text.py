"""Fields that are text in the domain or stand for one of a few texts."""

import enum
import re
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from schemas.fields.base import Field

E = TypeVar("E", bound=enum.Enum)

SHOWN = 10  # values of an enumeration that an error names

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# PostgreSQL text has no NUL, UTF-8 no lone surrogate; JSON can carry both.
STORABLE = r"^[^\u0000]*$"  # for JSON Schema: no surrogate is alone in UTF-8
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Text(Field[str]):
    """Any text that UTF-8 and both databases can hold; its length is in code points."""

    invalid = "Not a valid string."
    unstorable = "Contains a NUL or a lone surrogate, which cannot be stored."

    def __init__(
        self, *, min_length: int = 0, max_length: int | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._min, self._max = min_length, max_length
        self._is_limited = min_length > 0 or max_length is not None

    def json_schema(self) -> dict[str, Any]:
        limits: dict[str, Any] = {"minLength": self._min} if self._min else {}
        if self._max is not None:
            limits["maxLength"] = self._max
        return {**self.written_schema(), "pattern": STORABLE, **limits}

    def written_schema(self) -> dict[str, Any]:
        example = "hello"[: self._max].ljust(self._min, "!")
        return {"type": "string", "examples": [example]}

    def to_wire(self, value: str) -> str:
        return value  # whatever an outcome says, it must be possible to say it

    def from_wire(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.refusal()
        # Most text needs no search, which takes 3 ns a character: 60 us for 20 kB.
        if not (value.isascii() and "\0" not in value) and _UNSTORABLE.search(value):
            raise self.refusal(self.unstorable)
        if self._is_limited:
            self._check_length(len(value))
        return value

    def _check_length(self, length: int) -> None:
        if length < self._min or (self._max is not None and length > self._max):
            most = "or more" if self._max is None else f"to {self._max}"
            raise self.refusal(f"Has {length} characters: {self._min} {most} are allowed.")


class Uuid(Field[UUID]):
    """A UUID in its usual form of 36 characters."""

    invalid = "Not a valid UUID, such as 7d444840-9dc0-11d1-b245-5ffdce74fad2."

    def json_schema(self) -> dict[str, Any]:
        example = str(uuid5(NAMESPACE_OID, self.name or ""))  # one id by this name everywhere
        return {
            "type": "string",
            "format": "uuid",
            "pattern": f"^{_UUID.pattern}$",
            "examples": [example],
        }

    def to_wire(self, value: UUID) -> str:
        return str(value)

    def from_wire(self, value: Any) -> UUID:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self.refusal()
        return UUID(value)


class Enum(Field[E]):
    """A member of an enumeration by its value, a text: names are Python's, values are public."""

    def __init__(self, members: type[E], **options: Any) -> None:
        super().__init__(**options)
        if odd := [m.name for m in members if not isinstance(m.value, str)]:
            raise TypeError(
                f"{members.__qualname__}.{odd[0]} has no text as its value, which the wire shows:"
                f' give it one, such as {odd[0]} = "{odd[0].lower()}"'
            )
        self._class = members
        self._members = {member.value: member for member in members}
        values = [f'"{value}"' for value in self._members]
        more = ", …" if len(values) > SHOWN else ""
        self.invalid = f"Not one of {', '.join(values[:SHOWN])}{more}."

    def json_schema(self) -> dict[str, Any]:
        values = list(self._members)
        return {"type": "string", "enum": values, "examples": values[:1]}

    def to_wire(self, value: E) -> str:
        if not isinstance(value, self._class):
            raise self.unwritable()
        text: str = value.value
        return text

    def from_wire(self, value: Any) -> E:
        member = self._members.get(value) if isinstance(value, str) else None
        if member is None:
            raise self.refusal()
        return member

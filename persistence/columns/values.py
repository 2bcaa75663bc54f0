"""Values of the domain in one column of text each."""

import enum
import json
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect, Text, TypeDecorator

from persistence.columns.forms import form_of

T = TypeVar("T")
E = TypeVar("E", bound=enum.Enum)


class Choice(TypeDecorator[E], Generic[E]):
    """A member of an enumeration, kept as its value, which is a text."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[E]) -> None:
        super().__init__()
        if odd := [m.name for m in members if not isinstance(m.value, str)]:
            raise TypeError(
                f"{members.__qualname__}.{odd[0]} has no text as its value, which is stored: give"
                f' it one, such as {odd[0]} = "{odd[0].lower()}"'
            )
        self.members = members

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, self.members):
            kind = type(value).__name__
            raise TypeError(f"Choice({self.members.__qualname__}) takes no {kind}")
        text: str = value.value
        return text

    def process_result_value(self, value: Any, dialect: Dialect) -> E | None:
        return None if value is None else self.members(value)


class ValueObject(TypeDecorator[T], Generic[T]):
    """A value of several parts in one column of JSON text: a dataclass, or a tuple of them, say.

    The same value is the same text, so that SQL finds it by `==`.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind
        self._form = form_of(kind)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        return None if value is None else _encode(self._form.write(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        if value is None:
            return None
        found: T = self._form.read(json.loads(value))
        return found


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

"""What every DTO has, and what a transaction knows of one."""

from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.messages import Event


class DTO(Protocol):
    """What every DTO has: a UUID, and the number of its events so far."""

    id: Any
    version: int


D = TypeVar("D", bound=DTO)
State = tuple[Any, ...]

IMMUTABLE = (str, int, float, bool, bytes, type(None), UUID, date, Decimal, time, timedelta, Enum)


class SavedEvent(NamedTuple):
    """An event with the place it has in the history of its aggregate."""

    event: Event
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int


class Row(Generic[D]):
    """What the transaction knows of one id: `dto` is None where there is no such aggregate.

    `stored` is the DTO whose row is in the table, `gone` one that was removed and not yet deleted,
    `left` the version that is left of one that was removed before.
    """

    __slots__ = ("before", "dto", "gone", "is_changed", "key", "left", "stored")

    def __init__(self, key: UUID, dto: D | None) -> None:
        self.key = key
        self.dto = self.stored = dto
        self.gone: D | None = None
        self.left = 0
        self.is_changed = False
        self.before: tuple[D | None, D | None, D | None, int, bool, State] | None = None

    @property
    def latest(self) -> D | None:
        return self.gone if self.dto is None else self.dto

    @property
    def last(self) -> int:
        """Return the version from which an aggregate goes on that is made under this id."""
        return self.left if self.gone is None else self.gone.version

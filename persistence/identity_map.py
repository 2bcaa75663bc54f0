"""Loading and saving aggregates through their mapped DTOs, a batch at a time."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Dialect, Select, Table, inspect, select
from sqlalchemy.orm import Mapper, Session

from domain.messages import Event
from persistence.bulk import among, among_these, insert_rows, update_rows
from persistence.exceptions import MappingError
from persistence.translation import driver_errors


class DTO(Protocol):
    """What every DTO has: a UUID, and the number of its events so far."""

    id: Any
    version: int


D = TypeVar("D", bound=DTO)
State = tuple[Any, ...]

_IMMUTABLE = (str, int, float, bool, bytes, type(None), UUID, datetime)


class SavedEvent(NamedTuple):
    """An event with the place it has in the history of its aggregate."""

    event: Event
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int


class _Row(Generic[D]):
    """What the transaction knows of one id: `dto` is None where there is no such aggregate."""

    __slots__ = ("before", "dto", "is_changed", "is_new")

    def __init__(self, dto: D | None) -> None:
        self.dto = dto
        self.is_new = dto is None
        self.is_changed = False
        self.before: tuple[D | None, bool, State] | None = None


class IdentityMap(Generic[D]):
    """The DTOs of one aggregate type that a batch works with.

    Rows are locked when they are read and stay locked to the end of the transaction. What the
    current command changed can be undone; what is left at the end is written with one statement.
    """

    def __init__(self, session: Session, dto_class: type[D], aggregate_type: str) -> None:
        mapper: Mapper[D] = inspect(dto_class)
        self._session = session
        self._class = dto_class
        self._type = aggregate_type
        self._table: Table = mapper.local_table  # type: ignore[assignment]  # no join is mapped
        self._names = _columns(dto_class)
        self._state = attrgetter(*self._names)
        self._rows: dict[UUID, _Row[D]] = {}
        self._touched: list[_Row[D]] = []
        self.saved: list[SavedEvent] = []

    def lock(self, ids: Iterable[UUID]) -> None:
        """Lock and load these aggregates, where they exist, in one query and the order of ids."""
        ids = {aggregate_id for aggregate_id in ids if aggregate_id not in self._rows}
        if not ids:
            return
        dialect = self._session.get_bind().dialect
        query, these = _lock(dialect, self._class), among_these(dialect, ids)
        with driver_errors():
            found = {dto.id: dto for dto in self._session.scalars(query, these)}
        self._rows.update((aggregate_id, _Row(found.get(aggregate_id))) for aggregate_id in ids)

    def get(self, aggregate_id: UUID) -> D | None:
        return self._touch(aggregate_id).dto

    def put(self, dto: D, events: Sequence[Event]) -> None:
        """Keep the DTO as it is now, and give its events their versions."""
        row = self._touch(dto.id)
        row.dto, row.is_changed = dto, True
        for event in events:
            dto.version += 1
            self.saved.append(SavedEvent(event, self._type, dto.id, dto.version))

    def begin_command(self) -> None:
        """Forget how to undo what was done so far."""
        for row in self._touched:
            row.before = None
        self._touched.clear()
        self.saved.clear()

    def undo_command(self) -> None:
        """Take back what was done since `begin_command`, in memory: nothing is written yet."""
        for row in self._touched:
            assert row.before is not None
            row.dto, row.is_changed, state = row.before
            for name, value in zip(self._names, state, strict=False):
                setattr(row.dto, name, value)
        self.begin_command()

    def write(self) -> None:
        """Store new and changed rows, in the order of ids."""
        changed = sorted((row for row in self._rows.values() if row.is_changed), key=_id)
        if new := [self._values(row) for row in changed if row.is_new]:
            insert_rows(self._session, self._table, new)
        if updated := [self._values(row) for row in changed if not row.is_new]:
            update_rows(self._session, self._table, [self._names["id"]], updated)
        # Written above, in bulk: the session's own flush shall find nothing to do.
        self._session.expunge_all()

    def forget(self) -> None:
        """Let everything go: the transaction has ended."""
        self._rows.clear()
        self._touched.clear()
        self.saved.clear()

    def _touch(self, aggregate_id: UUID) -> _Row[D]:
        """Return what is known, and remember what it was before this command."""
        row = self._rows.get(aggregate_id)
        if row is None:
            self.lock([aggregate_id])
            row = self._rows[aggregate_id]
        if row.before is None:
            state = () if row.dto is None else tuple(map(_copy, self._state(row.dto)))
            row.before = (row.dto, row.is_changed, state)
            self._touched.append(row)
        return row

    def _values(self, row: _Row[D]) -> dict[str, Any]:
        return dict(zip(self._names.values(), self._state(row.dto), strict=True))


_id = attrgetter("dto.id.int")  # sorts as PostgreSQL does, and faster than UUIDs themselves


@cache
def _columns(dto_class: type[Any]) -> dict[str, str]:
    """Return the attributes with their columns; raise `MappingError` where there is more."""
    mapper: Mapper[Any] = inspect(dto_class)
    if more := [*mapper.relationships.keys(), *mapper.composites.keys()]:
        raise MappingError(
            f"{dto_class.__qualname__} is mapped with {', '.join(more)}: only columns are kept."
            " Parts of an aggregate go into a JSON column, or are aggregates of their own"
        )
    return {attribute.key: attribute.columns[0].key for attribute in mapper.column_attrs}


@cache
def _lock(dialect: Dialect, dto_class: type[Any]) -> Select[Any]:
    key = inspect(dto_class).column_attrs["id"].columns[0]
    return select(dto_class).where(among(dialect, key)).order_by(key).with_for_update()


def _copy(value: Any) -> Any:
    return value if isinstance(value, _IMMUTABLE) else deepcopy(value)

"""Loading and saving aggregates through their mapped DTOs, a batch at a time."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Dialect, Select, Table, inspect, select
from sqlalchemy.orm import Mapper, Session

from domain.messages import Event
from persistence.bulk import among, among_these, by_uuid, insert_rows, update_rows
from persistence.errors import driver_errors


class DTO(Protocol):
    """What every DTO has: a UUID, and the number of its events so far."""

    id: Any
    version: int


D = TypeVar("D", bound=DTO)
State = dict[str, Any]

_IMMUTABLE = (str, int, float, bool, bytes, type(None), UUID, datetime)


class SavedEvent(NamedTuple):
    """An event with the place it has in the history of its aggregate."""

    event: Event
    aggregate_type: str
    aggregate_id: UUID
    aggregate_version: int


class DTOs(Generic[D]):
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
        self._columns = {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}
        self._key = self._columns["id"]
        self._known: dict[UUID, D | None] = {}
        self._new: set[UUID] = set()
        self._changed: set[UUID] = set()
        self._before: dict[UUID, tuple[D | None, State, bool]] = {}
        self.saved: list[SavedEvent] = []

    def lock(self, ids: Iterable[UUID]) -> None:
        """Lock and load these aggregates, where they exist, in one query and the order of ids."""
        ids = {aggregate_id for aggregate_id in ids if aggregate_id not in self._known}
        if not ids:
            return
        dialect = self._session.get_bind().dialect
        query, these = _lock(dialect, self._class), among_these(dialect, ids)
        with driver_errors():
            found = {dto.id: dto for dto in self._session.scalars(query, these)}
        self._known.update(dict.fromkeys(ids))
        self._known.update(found)

    def get(self, aggregate_id: UUID) -> D | None:
        if aggregate_id not in self._known:
            self.lock([aggregate_id])
        dto = self._known[aggregate_id]
        if aggregate_id not in self._before:
            self._before[aggregate_id] = (dto, self._state(dto), aggregate_id in self._changed)
        return dto

    def put(self, dto: D, events: Sequence[Event]) -> None:
        """Keep the DTO as it is now, and give its events their versions."""
        if self.get(dto.id) is None:
            self._new.add(dto.id)
            self._known[dto.id] = dto
        self._changed.add(dto.id)
        for event in events:
            dto.version += 1
            self.saved.append(SavedEvent(event, self._type, dto.id, dto.version))

    def begin_command(self) -> None:
        """Forget how to undo what was done so far."""
        self._before.clear()
        self.saved.clear()

    def undo_command(self) -> None:
        """Take back what was done since `begin_command`, in memory: nothing is written yet."""
        for aggregate_id, (dto, state, changed) in self._before.items():
            self._known[aggregate_id] = dto
            for name, value in state.items():
                setattr(dto, name, value)
            if dto is None:
                self._new.discard(aggregate_id)
            if not changed:
                self._changed.discard(aggregate_id)
        self.begin_command()

    def write(self) -> None:
        """Store new and changed rows, in the order of ids."""
        if self._new:
            insert_rows(self._session, self._table, self._rows(self._new))
        if updated := self._changed - self._new:
            update_rows(self._session, self._table, [self._key.name], self._rows(updated))
        # Written above, in bulk: the session's own flush shall find nothing to do.
        self._session.expunge_all()

    def _rows(self, ids: set[UUID]) -> list[dict[str, Any]]:
        dtos = [self._known[aggregate_id] for aggregate_id in sorted(ids, key=by_uuid)]
        return [{c.name: getattr(dto, name) for name, c in self._columns.items()} for dto in dtos]

    def _state(self, dto: D | None) -> State:
        if dto is None:
            return {}
        return {name: _copy(getattr(dto, name)) for name in self._columns}


@cache
def _lock(dialect: Dialect, dto_class: type[Any]) -> Select[Any]:
    key = inspect(dto_class).column_attrs["id"].columns[0]
    return select(dto_class).where(among(dialect, key)).order_by(key).with_for_update()


def _copy(value: Any) -> Any:
    return value if isinstance(value, _IMMUTABLE) else deepcopy(value)

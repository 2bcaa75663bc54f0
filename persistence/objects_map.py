"""Aggregates whose DTOs are more than columns of one table: kept and written by the ORM."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, Select, inspect, select
from sqlalchemy.orm import InstanceState, Mapper, selectin_polymorphic, selectinload

from persistence.bulk import among, among_these
from persistence.dtos import IMMUTABLE, D, Row, State
from persistence.identity_map import IdentityMap
from persistence.own_session import OwnSession
from persistence.removed import Removed


class ObjectsMap(IdentityMap[D]):
    """Reads and writes by the ORM's unit of work, which knows what belongs to an aggregate.

    What is new joins the session when it is written. What a failed command changed on an object
    that the session has is undone by the database alone.
    """

    def __init__(
        self, session: OwnSession, dto_class: type[D], aggregate_type: str, removed: Removed | None
    ) -> None:
        super().__init__(aggregate_type, removed)
        self._session = session
        self._class = dto_class
        session.parts |= _parts(dto_class)

    @property
    def is_undoable(self) -> bool:
        return not any(_may_have_changed(row.before[0]) for row in self._touched if row.before)

    def _load(self, ids: Iterable[UUID]) -> dict[UUID, D]:
        dialect = self._session.get_bind().dialect
        these = among_these(dialect, ids)
        self._session.execute(_lock(dialect, self._class), these).all()
        found = self._session.scalars(_load(dialect, self._class), these).unique()
        return {dto.id: dto for dto in found}

    def _remember(self, dto: D) -> State:
        return ()

    def _restore(self, dto: D, state: State) -> None:
        """Leave that to the session, which reads again what a savepoint took back."""

    def _drop_unsaved(self, rows: Iterable[Row[D]]) -> None:
        for row in rows:
            if row.stored is not None and _may_have_changed(row.stored):
                self._session.expunge(row.stored)
                self._rows.pop(row.key, None)

    def _store(self, changed: Sequence[Row[D]]) -> None:
        for row in changed:
            if row.stored is None:
                self._session.add(row.latest)
            elif row.dto is None:
                self._session.delete(row.stored)
            elif row.dto is not row.stored:  # made anew under the id of one that was removed
                row.dto = self._session.merge(row.dto)
        self._session.flush()
        came_and_went = [row.gone for row in changed if row.stored is row.dto is None]
        for dto in came_and_went:
            self._session.delete(dto)
        if came_and_went:
            self._session.flush()


def _may_have_changed(dto: Any) -> bool:
    """Tell whether anything of the aggregate is not, or perhaps not, as the table has it."""
    return dto is not None and any(
        state.modified or not state.persistent or _is_mutable(state) for state in _states(dto)
    )


def _states(dto: Any) -> Iterator[InstanceState[Any]]:
    state: InstanceState[Any] = inspect(dto)
    yield state
    for _, _, part, _ in state.mapper.cascade_iterator("save-update", state):
        yield part


def _is_mutable(state: InstanceState[Any]) -> bool:
    """Tell whether a value of it can be changed in a way that the ORM does not notice."""
    parts = state.mapper.relationships.keys()
    values = (value for key, value in state.dict.items() if key not in parts)
    return not all(isinstance(value, (*IMMUTABLE, InstanceState)) for value in values)


@cache
def _parts(dto_class: type[Any]) -> frozenset[type[Any]]:
    """Return the class and all classes that are mapped as parts of it."""
    found: set[Mapper[Any]] = set()
    waiting: list[Mapper[Any]] = [inspect(dto_class)]
    while waiting:
        mapper = waiting.pop()
        if mapper not in found:
            found.add(mapper)
            waiting += mapper.self_and_descendants
            waiting += (relationship.mapper for relationship in mapper.relationships)
    return frozenset(mapper.class_ for mapper in found)


@cache
def _lock(dialect: Dialect, dto_class: type[Any]) -> Select[Any]:
    key = _key(dto_class)
    query = select(key).where(among(dialect, key)).order_by(key).with_for_update()
    return query.execution_options(of_unit_of_work=True)


@cache
def _load(dialect: Dialect, dto_class: type[Any]) -> Select[Any]:
    """Return the query for whole aggregates; an object that was read before gets what is there."""
    options: list[Any] = [selectinload("*")]
    if more := [m.class_ for m in inspect(dto_class).self_and_descendants][1:]:
        options.append(selectin_polymorphic(dto_class, more))
    query = select(dto_class).where(among(dialect, inspect(dto_class).attrs["id"].class_attribute))
    return query.options(*options).execution_options(of_unit_of_work=True, populate_existing=True)


def _key(dto_class: type[Any]) -> Any:
    """Return the key of the table in which every aggregate of the class has its row."""
    return inspect(dto_class).base_mapper.column_attrs["id"].columns[0]

"""Aggregates whose DTOs are columns of one table: undone in memory, written a batch at a time."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Delete, Dialect, Select, Table, delete, inspect, select
from sqlalchemy.orm import Mapper, Session

from persistence.bulk import among, among_these, insert_rows, update_rows
from persistence.dtos import IMMUTABLE, D, Row, State
from persistence.identity_map import IdentityMap
from persistence.removed import Removed


class ColumnsMap(IdentityMap[D]):
    """Reads by the mapping, undoes by copies, and writes with one statement for each change.

    The session is emptied before it could write anything itself.
    """

    def __init__(
        self, session: Session, dto_class: type[D], aggregate_type: str, removed: Removed | None
    ) -> None:
        super().__init__(aggregate_type, removed)
        mapper: Mapper[D] = inspect(dto_class)
        self._session = session
        self._class = dto_class
        self._table: Table = mapper.local_table  # type: ignore[assignment]  # no join is mapped
        self._names = _columns(dto_class)
        self._state = attrgetter(*self._names)

    def _load(self, ids: Iterable[UUID]) -> dict[UUID, D]:
        dialect = self._session.get_bind().dialect
        query, these = _lock(dialect, self._class), among_these(dialect, ids)
        return {dto.id: dto for dto in self._session.scalars(query, these)}

    def _remember(self, dto: D) -> State:
        return tuple(map(_copy, self._state(dto)))

    def _restore(self, dto: D, state: State) -> None:
        for name, value in zip(self._names, state, strict=True):
            setattr(dto, name, value)

    def _drop_unsaved(self, rows: Iterable[Row[D]]) -> None:
        # All is written in bulk: the session's own flush shall find nothing to do.
        self._session.expunge_all()

    def _store(self, changed: Sequence[Row[D]]) -> None:
        if new := [self._values(row.latest) for row in changed if row.stored is None]:
            insert_rows(self._session, self._table, new)
        there = (row for row in changed if row.dto is not None and row.stored is not None)
        if kept := [self._values(row.dto) for row in there]:
            update_rows(self._session, self._table, [self._names["id"]], kept)
        if gone := [row.key for row in changed if row.dto is None]:
            dialect = self._session.get_bind().dialect
            statement = _delete(dialect, self._class)
            self._session.execute(statement, among_these(dialect, gone))

    def _values(self, dto: D | None) -> dict[str, Any]:
        return dict(zip(self._names.values(), self._state(dto), strict=True))


def is_columns_only(dto_class: type[Any]) -> bool:
    """Tell whether the class is mapped to plain columns of one table, and to nothing else."""
    mapper: Mapper[Any] = inspect(dto_class)
    return (
        isinstance(mapper.local_table, Table)
        and list(mapper.self_and_descendants) == [mapper]
        and mapper.inherits is None
        and mapper.polymorphic_on is None
        and mapper.version_id_col is None
        and len(mapper.attrs) == len(mapper.column_attrs)
        and all(_is_plain(attribute) for attribute in mapper.column_attrs)
    )


def _is_plain(attribute: Any) -> bool:
    (column, *more) = attribute.columns
    return isinstance(column, Column) and not (
        more or attribute.deferred or column.computed or column.identity
    )


@cache
def _columns(dto_class: type[Any]) -> dict[str, str]:
    """Return the attributes with the keys of their columns."""
    mapper: Mapper[Any] = inspect(dto_class)
    return {attribute.key: attribute.columns[0].key for attribute in mapper.column_attrs}


@cache
def _lock(dialect: Dialect, dto_class: type[Any]) -> Select[Any]:
    key = _key(dto_class)
    query = select(dto_class).where(among(dialect, key)).order_by(key).with_for_update()
    return query.execution_options(of_unit_of_work=True)


@cache
def _delete(dialect: Dialect, dto_class: type[Any]) -> Delete:
    key = _key(dto_class)
    return delete(key.table).where(among(dialect, key))


def _key(dto_class: type[Any]) -> Any:
    return inspect(dto_class).column_attrs["id"].columns[0]


def _copy(value: Any) -> Any:
    return value if isinstance(value, IMMUTABLE) else deepcopy(value)

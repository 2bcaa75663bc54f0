"""The one way to read: rows of a table as the view class of an aggregate."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select

from domain.handling import Views
from persistence.database import Database
from persistence.mapping import Mapping
from persistence.translation import driver_errors

V = TypeVar("V")


class SQLViews(Views[V]):
    """Aggregates as committed, read without the ORM: each field of the view is a column."""

    def __init__(self, database: Database, view: type[V], mapping: Mapping, name: str) -> None:
        self.name = name
        self._database = database
        self._view = view
        self._columns = {f.name: mapping.column(f.name) for f in fields(view)}  # type: ignore[arg-type]

    def find(self, aggregate_id: UUID) -> V | None:
        found = self._read(self._query().where(self._columns["id"] == aggregate_id))
        return found[0] if found else None

    def list(self, *, after: UUID | None = None, limit: int = 100, **equal: Any) -> Sequence[V]:
        query = self._query().order_by(self._columns["id"]).limit(limit)
        for name, value in equal.items():
            query = query.where(self._columns[name] == value)
        if after is not None:
            query = query.where(self._columns["id"] > after)
        return self._read(query)

    def _query(self) -> Select[Any]:
        return select(*(column.label(name) for name, column in self._columns.items()))

    def _read(self, query: Select[Any]) -> Sequence[V]:
        with driver_errors(), self._database.engine.connect() as connection:
            return [self._view(**row) for row in connection.execute(query).mappings()]

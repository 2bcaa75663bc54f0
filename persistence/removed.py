"""What is left of removed aggregates: the last version of each, from which a later one goes on."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from persistence.bulk import among, among_these, by_uuid, insert_rows
from persistence.columns import metadata
from persistence.exceptions import Collision

removed = Table(
    "removed",
    metadata,
    Column("component", Text, primary_key=True),
    Column("aggregate_type", Text, primary_key=True),
    Column("aggregate_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
)


class Removed:
    """The last versions of the aggregates of one type that are gone.

    Only who holds an aggregate's row, locked or inserted, may write here what is left of it.
    """

    def __init__(self, session: Session, component: str, aggregate_type: str) -> None:
        self._session = session
        self._of = {"component": component, "aggregate_type": aggregate_type}

    def read(self, ids: Iterable[UUID]) -> dict[UUID, int]:
        """Return the last versions of those among these aggregates that were removed."""
        return self._versions(_read, ids)

    def replace(self, came: Mapping[UUID, int], gone: Mapping[UUID, int]) -> None:
        """Store which aggregates have come, with the versions as they were read, and which went.

        Raises `Collision` where another transaction has made and removed one in the meantime.
        """
        were = self._versions(_delete, came.keys() | gone.keys())
        if any(were.get(aggregate_id, 0) != version for aggregate_id, version in came.items()):
            raise Collision("Another transaction has removed an aggregate of this batch.")
        if gone:
            rows = [
                {**self._of, "aggregate_id": aggregate_id, "version": gone[aggregate_id]}
                for aggregate_id in sorted(gone, key=by_uuid)
            ]
            insert_rows(self._session, removed, rows)

    def _versions(self, statement: Any, ids: Iterable[UUID]) -> dict[UUID, int]:
        dialect = self._session.get_bind().dialect
        these = {**self._of, **among_these(dialect, ids)}
        rows = self._session.execute(statement(dialect), these)
        return {row.aggregate_id: row.version for row in rows}


@cache
def _read(dialect: Dialect) -> Select[Any]:
    columns = removed.c.aggregate_id, removed.c.version
    return select(*columns).where(_these(dialect)).execution_options(of_unit_of_work=True)


@cache
def _delete(dialect: Dialect) -> ReturningDelete[Any]:
    columns = removed.c.aggregate_id, removed.c.version
    return delete(removed).where(_these(dialect)).returning(*columns)


def _these(dialect: Dialect) -> ColumnElement[bool]:
    return and_(
        removed.c.component == bindparam("component"),
        removed.c.aggregate_type == bindparam("aggregate_type"),
        among(dialect, removed.c.aggregate_id),
    )

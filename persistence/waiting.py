"""The commands that wait for a retry, as people look at them and hurry them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from persistence.bulk import among, among_these
from persistence.database import Database
from persistence.dead_letters.selection import in_bytes
from persistence.endings import RETRYING
from persistence.inbox import inbox
from persistence.messages import StoredCommand
from persistence.outbox import relay_name
from persistence.retries import awaited, retries
from persistence.translation import driver_errors

BITE = 1000  # commands hurried in one transaction

_SAME = and_(
    inbox.c.component == retries.c.component,
    inbox.c.command_id == retries.c.command_id,
    inbox.c.attempt == retries.c.attempt,
    inbox.c.status == RETRYING,
)


class WaitingRow(NamedTuple):
    """A command that waits for an attempt.

    `sends`: how often this attempt was sent already; `since`: when the one before ended, with
    `error` if there was one.
    """

    command_id: UUID
    attempt: int
    sends: int
    due_at: datetime
    since: datetime
    error: str | None
    command: StoredCommand


class Waiting:
    """The waiting commands of one component."""

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._component = component

    def soonest(
        self,
        limit: int,
        type: str | None = None,
        within: timedelta | None = None,
        skip: int = 0,
    ) -> list[WaitingRow]:
        """Return what is due next, the first due first; of this type, if it failed so lately.

        `skip`: how many that are due before were seen already.
        """
        order = retries.c.due_at, retries.c.id
        query = self._chosen(type, within).order_by(*order)
        return self._read(query.offset(skip).limit(limit))

    def naming(self, aggregate_id: UUID, limit: int) -> list[WaitingRow]:
        """Return those in whose body the id stands, the first due first."""
        dialect, text = self._database.engine.dialect, str(aggregate_id)
        named = (in_bytes(dialect, retries.c.body, each) for each in (text, text.upper()))
        order = retries.c.due_at, retries.c.id
        return self._read(self._chosen().where(or_(*named)).order_by(*order).limit(limit))

    def oldest(self) -> float | None:
        """Return for how many seconds the one waits that has waited longest since its attempt."""
        query = self._chosen().with_only_columns(func.min(inbox.c.recorded_at))
        with driver_errors(), self._database.engine.connect() as connection:
            since = connection.scalar(query)
        return (self._database.now() - since).total_seconds() if since else None

    def count(self, type: str | None = None) -> int:
        distinct = func.count(retries.c.command_id.distinct())
        query = self._chosen(type).with_only_columns(distinct)
        with driver_errors(), self._database.engine.connect() as connection:
            return connection.scalar(query) or 0

    def find(self, command_id: UUID) -> WaitingRow | None:
        rows = self._read(self._chosen().where(retries.c.command_id == command_id).limit(1))
        return rows[0] if rows else None

    def ids(self, type: str | None = None, within: timedelta | None = None) -> list[UUID]:
        """Return the ids of all of them, in the order in which they began to wait."""
        query = self._chosen(type, within).with_only_columns(retries.c.command_id)
        with driver_errors(), self._database.engine.connect() as connection:
            found = connection.execute(query.order_by(retries.c.id)).scalars()
            return list(dict.fromkeys(found))

    def hurry(self, command_ids: Sequence[UUID]) -> set[UUID]:
        """Have them sent at once; return which of them were waiting.

        One that is being settled at this moment is left alone: it waits no more, or anew.
        """
        hurried: set[UUID] = set()
        for start in range(0, len(command_ids), BITE):
            with driver_errors(), self._database.engine.begin() as connection:
                these = among_these(connection.dialect, command_ids[start : start + BITE])
                free = select(retries.c.id).where(
                    self._own(), awaited, among(connection.dialect, retries.c.command_id)
                )
                change = update(retries).where(
                    retries.c.id.in_(free.with_for_update(skip_locked=True))
                )
                due = change.values(due_at=self._database.now()).returning(retries.c.command_id)
                hurried.update(connection.execute(due, these).scalars())
                if self._database.is_postgresql:
                    connection.execute(select(func.pg_notify(relay_name(self._component), "")))
        return hurried

    def _own(self) -> ColumnElement[bool]:
        return retries.c.component == self._component

    def _chosen(self, type: str | None = None, within: timedelta | None = None) -> Select[Any]:
        columns = retries.c.command_id, retries.c.attempt, retries.c.sends, retries.c.due_at
        more = inbox.c.recorded_at, retries.c.error, retries.c.body, retries.c.properties
        query = select(*columns, *more).join(inbox, _SAME).where(self._own())
        if type is not None:
            query = query.where(retries.c.properties["type"].as_string() == type)
        if within is not None:
            query = query.where(inbox.c.recorded_at >= self._database.now() - within)
        return query

    def _read(self, query: Select[Any]) -> list[WaitingRow]:
        with driver_errors(), self._database.engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            WaitingRow(
                command_id=row.command_id,
                attempt=row.attempt,
                sends=row.sends,
                due_at=row.due_at,
                since=row.recorded_at,
                error=row.error,
                command=StoredCommand(row.body, row.properties),
            )
            for row in rows
        ]

"""The database side of the relay."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, delete, func, select, text

from persistence.bulk import among
from persistence.database import Database
from persistence.errors import driver_errors
from persistence.inbox import RETRYING, inbox
from persistence.locks import lock
from persistence.messages import OutgoingMessage, StoredCommand
from persistence.outbox import channel, outbox
from persistence.retries import retries

BITE_BYTES = 8 * 2**20  # of bodies read at a time
PURGE_BITE = 1000  # inbox rows deleted at a time

_next_due = select(func.min(retries.c.due_at)).where(retries.c.component == bindparam("component"))


class OutboxRow(NamedTuple):
    id: int
    reply_to: str | None
    aggregate_id: UUID | None
    message: OutgoingMessage


class RetryRow(NamedTuple):
    id: int
    command: StoredCommand


class RelaySession:
    """One database session, without transactions: a lost session takes the relay's lock with it.

    Every method may raise a `PersistenceError`; the session is of no use after that.
    """

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._component = component
        with driver_errors():
            self._connection = database.autocommit_connection()
        self._lock = lock(database, self._connection, channel(component))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # Discarded, not pooled: whatever state it is in, the lock ends with it.
        with driver_errors():
            self._connection.invalidate()
            self._connection.close()
            self._lock.release()

    def acquire(self) -> bool:
        """Become the one relay that works, and begin to listen; False where another is."""
        with driver_errors():
            if not self._lock.acquire(wait=False):
                return False
            if self._database.is_postgresql:
                # A delete that a crash takes back means a repeat, which is allowed after a failure.
                self._connection.execute(text("SET synchronous_commit = off"))
                self._connection.execute(text(f'LISTEN "{channel(self._component)}"'))
            return True

    def fileno(self) -> int | None:
        """Return the descriptor that turns readable with news, where the database has one."""
        if not self._database.is_postgresql:
            return None
        return int(self._driver_connection().fileno())

    def take_notifications(self) -> int:
        """Return how many notifications have come since the last call, without waiting."""
        if not self._database.is_postgresql:
            return 0
        with driver_errors():
            return len(list(self._driver_connection().notifies(timeout=0)))

    def _driver_connection(self) -> Any:
        return self._connection.connection.driver_connection

    def oldest(self, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest messages, at most so many, and not much more than `BITE_BYTES`."""
        own = select(outbox).where(outbox.c.component == self._component)
        with driver_errors():
            rows = self._connection.execute(_first(own, "id", limit)).all()
        return [_outbox_row(row) for row in rows]

    def due(self, limit: int) -> Sequence[RetryRow]:
        """Return the commands that are due, the longest due first; as many as `oldest` would."""
        own = select(retries).where(retries.c.component == self._component)
        query = _first(own.where(retries.c.due_at <= datetime.now(UTC)), "due_at", limit)
        with driver_errors():
            rows = self._connection.execute(query).all()
        return [RetryRow(r.id, StoredCommand(r.body, r.properties)) for r in rows]

    def seconds_to_next_retry(self) -> float | None:
        with driver_errors():
            due_at = self._connection.scalar(_next_due, {"component": self._component})
        return None if due_at is None else (due_at - datetime.now(UTC)).total_seconds()

    def delete_outbox(self, ids: Iterable[int]) -> None:
        self._delete(outbox, ids)

    def delete_retries(self, ids: Iterable[int]) -> None:
        self._delete(retries, ids)

    def _delete(self, table: Table, ids: Iterable[int]) -> None:
        gone = among(self._connection.dialect, table.c.id, ids)
        with driver_errors():
            self._connection.execute(delete(table).where(gone))

    def purge_inbox(self, days: float) -> int:
        """Forget some commands that ended more than `days` ago; return how many."""
        old = (
            select(inbox.c.command_id)
            .where(inbox.c.component == self._component)
            .where(inbox.c.recorded_at < datetime.now(UTC) - timedelta(days=days))
            .where(inbox.c.status != RETRYING)
            .limit(PURGE_BITE)
        )
        with driver_errors():
            result = self._connection.execute(
                delete(inbox)
                .where(inbox.c.component == self._component)
                .where(inbox.c.command_id.in_(old))
            )
        return result.rowcount


def _first(query: Select[Any], order: str, limit: int) -> Select[Any]:
    """Return the first rows of the query, until their bodies fill `BITE_BYTES`; at least one."""
    rows = query.order_by(order).limit(limit).subquery()
    before = func.sum(func.length(rows.c.body)).over(
        order_by=(rows.c[order], rows.c.id), rows=(None, -1)
    )
    sized = select(rows, func.coalesce(before, 0).label("before")).subquery()
    return select(sized).where(sized.c.before < BITE_BYTES).order_by(sized.c[order], sized.c.id)


def _outbox_row(row: Any) -> OutboxRow:
    message = OutgoingMessage(
        type=row.type,
        body=row.body,
        message_id=row.message_id,
        correlation_id=row.correlation_id,
        timestamp=row.timestamp,
        headers=row.headers,
    )
    return OutboxRow(row.id, row.reply_to, row.aggregate_id, message)

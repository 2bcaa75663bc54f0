"""The database side of the relay: one session, which holds its lock and asks its questions."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import Select, Table, delete, select, text

from persistence import relay_queries as queries
from persistence.bulk import among_these
from persistence.database import Database
from persistence.endings import RETRYING
from persistence.exceptions import PersistenceError
from persistence.inbox import inbox
from persistence.locks import lock
from persistence.low_water import LowWater
from persistence.outbox import outbox, relay_name
from persistence.relay_queries import OutboxRow, RetryRow
from persistence.retries import leases
from persistence.translation import driver_errors

PURGE_BITE = 1000  # inbox rows deleted at a time
CLOCKS_APART = timedelta(hours=1)  # by which two clocks cannot both be right
SILENCE = 60.0  # seconds after which the server ends the session of a relay that says nothing


class Doubt(NamedTuple):
    """A reason not to forget commands now; one that `passes` is one to wait for a while."""

    reason: str
    passes: bool


class RelaySession:
    """One database session, without transactions: a lost session takes the relay's lock with it.

    Every method may raise a `PersistenceError`; the session is of no use after that.
    """

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._component = component
        self._first_error: tuple[type[PersistenceError], str] | None = None
        with driver_errors():
            self._connection = database.autocommit_connection()
            self._lock = lock(database, self._connection, relay_name(component))
        self._events = LowWater(self._writers)
        self._replies = LowWater(self._writers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # We discard the connection instead of giving it back to the pool: whatever state it is in,
        # the lock ends with it.
        with driver_errors():
            try:
                self._connection.invalidate()
                self._connection.close()
            finally:
                self._lock.release()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Say of every error after the first one what the first was.

        The driver only knows then that the session is not to be used any more.
        """
        try:
            with driver_errors():
                yield
        except PersistenceError as error:
            if self._first_error:
                kind, text = self._first_error
                raise kind(text) from error
            # Not the error itself, whose traceback keeps what was read.
            self._first_error = type(error), str(error)
            raise

    def acquire(self) -> bool:
        """Become the one relay that works, and begin to listen; False where another is."""
        with self._asking():
            if not self._lock.acquire(wait=False):
                return False
            if self._database.is_postgresql:
                self._prepare()
            return True

    def _prepare(self) -> None:
        # Nobody waits for a delete to be on disk. If a crash of the server takes it back, the rows
        # are published once more, which is allowed after a failure.
        settings = {"synchronous_commit": "off"}
        # The lock shall not outlive a process that is frozen, or whose host has vanished.
        settings |= {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5"}
        settings |= {"tcp_user_timeout": f"{SILENCE * 1000:.0f}"}
        if (self._connection.dialect.server_version_info or ()) >= (14,):
            settings |= {"idle_session_timeout": f"{SILENCE * 1000:.0f}"}
        for name, value in settings.items():
            self._connection.execute(text(f"SET {name} = {value}"))
        self._connection.execute(text(f'LISTEN "{relay_name(self._component)}"'))

    def touch(self) -> None:
        """Let the database know that we are there: else it ends the session after `SILENCE`."""
        with self._asking():
            self._connection.scalar(select(1))

    def fileno(self) -> int | None:
        """Return the descriptor that turns readable with news, where the database has one."""
        if not self._database.is_postgresql:
            return None
        with self._asking():
            return int(self._driver_connection().fileno())

    def take_notifications(self) -> int:
        """Return how many notifications have come since the last call, without waiting."""
        if not self._database.is_postgresql:
            return 0
        with self._asking():
            return len(list(self._driver_connection().notifies(timeout=0)))

    def _driver_connection(self) -> Any:
        return self._connection.connection.driver_connection

    def events(self, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest events: at most so many, and not much more than `BITE_BYTES`."""
        return self._events.look(lambda mark: self._oldest(queries.EVENTS, limit, mark))

    def replies(self, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest replies, as many as `events` would."""
        return self._replies.look(lambda mark: self._oldest(queries.REPLIES, limit, mark))

    def _oldest(self, query: Select[Any], limit: int, mark: int) -> Sequence[OutboxRow]:
        with self._asking():
            rows = self._connection.execute(query, self._own(limit=limit, mark=mark)).all()
        return [queries.outbox_row(row) for row in rows]

    def _writers(self) -> set[str]:
        """Return the open transactions that have written to the outbox; on SQLite there are none.

        To write, a transaction takes a lock of the table before it takes a number for its row, and
        keeps it to its end.
        """
        if not self._database.is_postgresql:
            return set()  # One transaction writes at a time there, so ids come in their order.
        with self._asking():
            return set(self._connection.scalars(queries.WRITING))

    def lowest(self) -> int | None:
        """Return the lowest id of what waits in the outbox, None where nothing does."""
        with self._asking():
            lowest: int | None = self._connection.scalar(queries.LOWEST, self._own())
        return lowest

    def due(self, limit: int) -> Sequence[RetryRow]:
        """Return the commands that are due, the longest due first; as many as `events` would."""
        with self._asking():
            rows = self._connection.execute(
                queries.DUE, self._own(limit=limit, now=self._database.now())
            ).all()
        return [queries.retry_row(row) for row in rows]

    def seconds_to_next_retry(self) -> float | None:
        with self._asking():
            due_at = self._connection.scalar(queries.NEXT_DUE, self._own())
        return None if due_at is None else (due_at - self._database.now()).total_seconds()

    def delete_outbox(self, ids: Iterable[int]) -> None:
        self._delete(outbox, ids)

    def sent_retries(self, ids: Iterable[int]) -> int:
        """Keep what the broker has, to send it again should the queue lose it, or delete it.

        It stays while its command waits for this attempt; each time for longer. Return how many
        stay as they are, because somebody is settling them at this moment.
        """
        dialect, ids = self._connection.dialect, list(ids)
        if not ids:
            return 0
        these = among_these(dialect, ids)
        with self._asking():
            gone = self._connection.execute(queries.unawaited(dialect), these).rowcount
            leased = self._connection.execute(
                queries.leased(dialect), these | leases(self._database.now())
            ).rowcount
        return len(ids) - gone - leased

    def _delete(self, table: Table, ids: Iterable[int]) -> None:
        dialect = self._connection.dialect
        with self._asking():
            self._connection.execute(queries.removal(dialect, table), among_these(dialect, ids))

    def _own(self, **parameters: object) -> dict[str, object]:
        return {"component": self._component, **parameters}

    def why_not_purge(self, days: float) -> Doubt | None:
        """Return why the clock may be wrong by which the commands to forget are found.

        Two clocks that disagree settle it. Where they agree, what they would forget must not be
        most of the time that is remembered: after one wrong look, nothing would be known any more.
        """
        expected = self._database.now()
        with self._asking():
            now = self._database.ask_time(self._connection)
        apart = max(abs(now - expected), abs(now - datetime.now(UTC)))
        if apart > CLOCKS_APART:
            return Doubt(f"two clocks, ours and the database's, are {apart} apart", passes=False)
        if days >= 1 and self._forgets_most(now - timedelta(days=days)):
            return Doubt(f"it is {now} now, and most is older than {days:g} days", passes=True)
        return None

    def _forgets_most(self, border: datetime) -> bool:
        """Tell whether the border lies beyond the middle of the time that the inbox spans."""
        with self._asking():
            oldest, newest = self._connection.execute(queries.REMEMBERED, self._own()).one()
        return oldest is not None and border > oldest + (newest - oldest) / 2

    def purge_inbox(self, days: float) -> int:
        """Forget some commands that ended more than `days` ago; return how many."""
        old = (
            select(inbox.c.command_id)
            .where(inbox.c.component == self._component)
            .where(inbox.c.recorded_at < self._database.now() - timedelta(days=days))
            .where(inbox.c.status != RETRYING)
            .limit(PURGE_BITE)
        )
        with self._asking():
            result = self._connection.execute(
                delete(inbox)
                .where(inbox.c.component == self._component)
                .where(inbox.c.command_id.in_(old))
            )
        return result.rowcount

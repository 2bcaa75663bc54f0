"""Whether the database takes what we write: asked by writing, which is taken back."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import insert, text

from persistence.bulk import among_these
from persistence.database import Database
from persistence.endings import RETRYING
from persistence.inbox import inbox
from persistence.outbox import outbox
from persistence.relay_queries import DUE, EVENTS, REPLIES, leased, removal, unawaited
from persistence.retries import leases
from persistence.translation import driver_errors

LOCK_WAIT = 500  # milliseconds
RELAYED = 1000  # rows of each kind


def require_write(database: Database) -> None:
    """Raise a `PersistenceError` unless a command could be recorded now."""
    with driver_errors(), database.engine.connect() as connection:
        if database.is_postgresql:
            connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_WAIT}"))
        connection.execute(insert(inbox), _row())
        connection.rollback()


def _row() -> dict[str, object]:
    return {
        "component": "",
        "command_id": uuid4(),
        "digest": "",
        "status": RETRYING,
        "attempt": 1,
        "recorded_at": datetime.now(UTC),
    }


def require_relaying(database: Database, component: str) -> None:
    """Raise a `PersistenceError` unless what a relay would publish next could be removed now."""
    own = {"component": component, "limit": RELAYED, "mark": 0, "now": database.now()}
    with driver_errors(), database.engine.connect() as connection:
        dialect = connection.dialect
        for waiting in (EVENTS, REPLIES):
            ids = connection.execute(waiting, own).scalars().all()
            connection.execute(removal(dialect, outbox), among_these(dialect, ids))
        these = among_these(dialect, connection.execute(DUE, own).scalars().all())
        connection.execute(unawaited(dialect), these)
        connection.execute(leased(dialect), these | leases(database.now()))
        connection.rollback()

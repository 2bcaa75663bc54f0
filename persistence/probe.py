"""Whether the database takes what we write: asked with a row of our own, which is taken back."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import insert, text

from persistence.database import Database
from persistence.endings import RETRYING
from persistence.inbox import inbox
from persistence.translation import driver_errors

LOCK_WAIT = 500  # milliseconds


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

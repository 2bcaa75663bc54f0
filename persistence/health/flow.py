"""How many commands have ended lately, and how."""

from datetime import datetime

from sqlalchemy import func, select

from persistence.database import Database
from persistence.inbox import inbox
from persistence.translation import driver_errors


def ended_between(
    database: Database, component: str, since: datetime, until: datetime
) -> dict[str, int]:
    """Return how many commands got which status then, the end left out.

    One that failed and waits is `retrying`. Raises a `PersistenceError`.
    """
    c = inbox.c
    then = c.recorded_at >= since, c.recorded_at < until
    query = select(c.status, func.count()).where(c.component == component, *then)
    with driver_errors(), database.engine.connect() as connection:
        rows = connection.execute(query.group_by(c.status)).all()
    return {row.status: int(row[1]) for row in rows}

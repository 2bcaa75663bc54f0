"""What waits and what was given up: the tables by which one sees whether the work flows."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, func, select

from persistence.database import Database
from persistence.dead_letters import DeadLetterViews, Selection, dead_letters
from persistence.dead_letters.groups import Group, Groups
from persistence.endings import RETRYING
from persistence.inbox import inbox
from persistence.locks import is_held
from persistence.outbox import outbox, relay_name
from persistence.relay_queries import NEXT_DUE
from persistence.retries import retries
from persistence.translation import driver_errors

CAUSES = 3  # groups of dead letters that are named


class Work(NamedTuple):
    """Counts, and ages in seconds by the database's clock; None where there is nothing."""

    outbox: int
    oldest_event: float | None
    retries: int
    overdue: float | None  # since when the retry has been due that should go next
    dead_letters: dict[str, int]  # by kind
    alerting: int  # of them, those in no group on hold
    causes: list[Group]  # the largest groups of those
    newest_dead_letter: float | None
    remembered: float | None  # how old the oldest command is that the inbox knows


def look_at_work(database: Database, component: str) -> Work:
    """Raises a `PersistenceError`."""
    now = database.now()
    awake = Selection(but_held=True)
    alerting = DeadLetterViews(database, component).count(awake)
    causes = Groups(database, component).largest(CAUSES, awake)
    with driver_errors(), database.engine.connect() as connection:
        kinds = connection.execute(_of(dead_letters, component, _KINDS)).all()
        due = connection.scalar(NEXT_DUE, {"component": component})
        newest = max((died_at for *_, died_at in kinds), default=None)
        return Work(
            outbox=_count(connection, outbox, component),
            oldest_event=_age(now, _oldest_event(connection, component)),
            retries=_count(connection, retries, component),
            overdue=max(0.0, _age(now, due) or 0.0) if due else None,
            dead_letters={kind: count for kind, count, _ in kinds},
            alerting=alerting,
            causes=causes,
            newest_dead_letter=_age(now, newest),
            remembered=_age(now, connection.scalar(_of(inbox, component, _REMEMBERED))),
        )


def relay_works(database: Database, component: str) -> bool:
    """Tell whether a relay leads now. Raises a `PersistenceError`."""
    with driver_errors(), database.autocommit_connection() as connection:
        return is_held(database, connection, relay_name(component))


def _of(table: Table, component: str, query: Select[Any]) -> Select[Any]:
    return query.where(table.c.component == component)


def _count(connection: Connection, table: Table, component: str) -> int:
    return connection.scalar(_of(table, component, select(func.count()).select_from(table))) or 0


def _oldest_event(connection: Connection, component: str) -> datetime | None:
    events = _of(outbox, component, select(outbox.c.timestamp)).where(outbox.c.reply_to.is_(None))
    seconds = connection.scalar(events.order_by(outbox.c.id).limit(1))
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _age(now: datetime, then: datetime | None) -> float | None:
    return None if then is None else (now - then).total_seconds()


_KINDS = (
    select(dead_letters.c.kind, func.count(), func.max(dead_letters.c.died_at))
    .group_by(dead_letters.c.kind)
    .order_by(func.count().desc())
)
_REMEMBERED = select(func.min(inbox.c.recorded_at)).where(inbox.c.status != RETRYING)

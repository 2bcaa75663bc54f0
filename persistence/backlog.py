"""What waits in the tables of one component, counted when somebody asks."""

from typing import Any, NamedTuple

from sqlalchemy import Select, Table, bindparam, case, func, select

from persistence.database import Database
from persistence.dead_letters import UNSENDABLE, dead_letters
from persistence.dead_letters.selection import is_awake
from persistence.outbox import outbox
from persistence.retries import retries
from persistence.translation import driver_errors

MOST = 1_000_000  # rows that are counted of a table: more take too long, and say nothing more
# What a dead letter may be of. Without its 0, the first one of a kind would be no increase.
KINDS = (
    "malformed",
    "unknown-type",
    "invalid",
    "too-large",
    "command-id-reused",
    "failed",
    "crash",
    "expired",
    "cancelled",
    "not-allowed",
    UNSENDABLE,
)


class Backlog(NamedTuple):
    """`oldest_event`: the time of the event that waits for longest, in seconds since 1970.

    `dead_letters`: how many of each kind; `alerting`: of them, those in no group on hold. No number
    is above `MOST`.
    """

    outbox_messages: int
    oldest_event: int | None
    retries: int
    dead_letters: dict[str, int]
    alerting: dict[str, int]


def backlog(database: Database, component: str) -> Backlog:
    """Return what waits. Raises a `PersistenceError`."""
    own = {"component": component, "most": MOST}
    with driver_errors(), database.engine.connect() as connection:
        messages, oldest, waiting = connection.execute(_WAITING, own).one()
        letters, alerting = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
        for kind, count, awake in connection.execute(_DEAD, own):
            letters[kind], alerting[kind] = count, awake
    return Backlog(messages, oldest, waiting, letters, alerting)


def _own(table: Table, *columns: Any) -> Select[Any]:
    return select(*columns).where(table.c.component == bindparam("component"))


def _count(table: Table) -> Any:
    some = _own(table, table.c.id).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


_WAITING = select(
    _count(outbox),
    _own(outbox, outbox.c.timestamp)
    .where(outbox.c.reply_to.is_(None))
    .order_by(outbox.c.id)
    .limit(1)
    .scalar_subquery(),
    _count(retries),
)
_awake = case((is_awake(bindparam("component")), 1), else_=0).label("awake")
_some = _own(dead_letters, dead_letters.c.kind, _awake).limit(bindparam("most")).subquery()
_DEAD = select(_some.c.kind, func.count(), func.sum(_some.c.awake)).group_by(_some.c.kind)

"""The relay's statements, and the rows that they find.

The statements are built once: to build one takes longer than to run it for a few rows.
"""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Dialect,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)

from persistence.bulk import among
from persistence.endings import RETRYING
from persistence.inbox import inbox
from persistence.messages import OutgoingMessage, StoredCommand
from persistence.outbox import outbox
from persistence.retries import awaited, lease_end, retries

BITE_BYTES = 8 * 2**20  # of bodies read at a time


class OutboxRow(NamedTuple):
    id: int
    reply_to: str | None
    aggregate_id: UUID | None
    message: OutgoingMessage


class RetryRow(NamedTuple):
    """A command to send again. Rows of older releases do not say which attempt of whose it is."""

    id: int
    command: StoredCommand
    command_id: UUID | None = None
    attempt: int | None = None
    sends: int = 0


def _first(table: Table, order: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the first rows of a component, until their bodies fill `BITE_BYTES`; at least one."""
    own = select(table).where(table.c.component == bindparam("component"), *conditions)
    rows = own.order_by(order).limit(bindparam("limit")).subquery()
    before = func.sum(func.length(rows.c.body)).over(
        order_by=(rows.c[order], rows.c.id), rows=(None, -1)
    )
    sized = select(rows, func.coalesce(before, 0).label("before")).subquery()
    return select(sized).where(sized.c.before < BITE_BYTES).order_by(sized.c[order], sized.c.id)


_ABOVE = outbox.c.id > bindparam("mark")
EVENTS = _first(outbox, "id", outbox.c.reply_to.is_(None), _ABOVE)
REPLIES = _first(outbox, "id", outbox.c.reply_to.is_not(None), _ABOVE)
LOWEST = select(func.min(outbox.c.id)).where(outbox.c.component == bindparam("component"))
WRITING = text(
    "SELECT virtualtransaction FROM pg_locks WHERE relation = CAST('outbox' AS regclass)"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND mode = 'RowExclusiveLock'"
)
DUE = _first(retries, "due_at", retries.c.due_at <= bindparam("now"))
NEXT_DUE = select(func.min(retries.c.due_at)).where(retries.c.component == bindparam("component"))
_KNOWN = inbox.c.component == bindparam("component")
REMEMBERED = select(
    select(func.min(inbox.c.recorded_at))
    .where(_KNOWN, inbox.c.status != RETRYING)
    .scalar_subquery(),
    # The newest row may be any component's: it only tells what time it was lately.
    select(func.max(inbox.c.recorded_at)).scalar_subquery(),
)


@cache
def removal(dialect: Dialect, table: Table) -> Delete:
    return delete(table).where(among(dialect, table.c.id))


@cache
def unawaited(dialect: Dialect) -> Delete:
    return removal(dialect, retries).where(~awaited)


@cache
def leased(dialect: Dialect) -> Update:
    # A consumer that settles an attempt at this moment has locked its row, and will delete it. It
    # needs no lease, and we do not wait for the lock.
    free = (
        select(retries.c.id).where(among(dialect, retries.c.id)).with_for_update(skip_locked=True)
    )
    lease = {"sends": retries.c.sends + 1, "due_at": lease_end}
    return update(retries).where(retries.c.id.in_(free)).values(lease)


def retry_row(row: Any) -> RetryRow:
    command = StoredCommand(row.body, row.properties)
    return RetryRow(row.id, command, row.command_id, row.attempt, row.sends)


def outbox_row(row: Any) -> OutboxRow:
    message = OutgoingMessage(
        type=row.type,
        body=row.body,
        message_id=row.message_id,
        correlation_id=row.correlation_id,
        timestamp=row.timestamp,
        headers=row.headers,
    )
    return OutboxRow(row.id, row.reply_to, row.aggregate_id, message)

"""The commands that are known: what makes a command happen once, however often it comes."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    select,
)
from sqlalchemy.orm import Session

from persistence.bulk import among, among_these, by_uuid, insert_rows, update_rows
from persistence.columns import Timestamp, metadata
from persistence.exceptions import Collision
from persistence.messages import OutgoingMessage
from persistence.translation import driver_errors

inbox = Table(
    "inbox",
    metadata,
    Column("component", Text, primary_key=True),
    Column("command_id", Uuid, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", JSON(none_as_null=True)),
    Column("recorded_at", Timestamp, nullable=False),
    CheckConstraint("status IN ('applied', 'rejected', 'failed', 'retrying')", name="status"),
    Index(None, "recorded_at"),
)
_KEY = [column.name for column in inbox.primary_key]


class InboxEntry(NamedTuple):
    """What is known of one command: how it ended, or which attempt it waits for.

    Whoever wants the outcome of what was read asks `Inbox.outcome`: it can be large.
    """

    command_id: UUID
    digest: str
    status: str
    attempt: int
    outcome: OutgoingMessage | None = None


class Inbox:
    """The commands that this component knows, as this transaction sees and extends them."""

    def __init__(self, session: Session, component: str, now: Callable[[], datetime]) -> None:
        """`now`: the database's time."""
        self._session = session
        self._component = component
        self._now = now
        self._entries: dict[UUID, InboxEntry] = {}
        self._read: dict[UUID, tuple[str, int]] = {}  # status and attempt, as the table had them
        self._new: set[UUID] = set()
        self._changed: set[UUID] = set()

    def read(self, command_ids: Iterable[UUID]) -> None:
        """Learn what is known of these commands, in one query."""
        dialect = self._session.get_bind().dialect
        these = {"component": self._component, **among_these(dialect, command_ids)}
        with driver_errors():
            rows = self._session.execute(_known(dialect), these).all()
        for row in rows:
            self._entries[row.command_id] = InboxEntry(*row)
            self._read[row.command_id] = row.status, row.attempt

    def get(self, command_id: UUID) -> InboxEntry | None:
        return self._entries.get(command_id)

    def outcome(self, entry: InboxEntry) -> OutgoingMessage | None:
        """Return the outcome of a known command, in a query of its own where it was only read.

        Raises `Collision` where another transaction has changed the row since it was read.
        """
        if entry.outcome or entry.command_id in self._new | self._changed:
            return entry.outcome
        these = {"component": self._component, **entry._asdict()}
        with driver_errors():
            row = self._session.execute(_outcome, these).one_or_none()
        if row is None:
            raise Collision("Another transaction has changed a command of this batch.")
        outcome = row.outcome and OutgoingMessage.restored(row.outcome)
        # For the next one who asks; whoever did keeps it anyway.
        self._entries[entry.command_id] = entry._replace(outcome=outcome)
        return outcome

    def record(self, entry: InboxEntry) -> None:
        """Add the command, or replace what is known of it."""
        known = entry.command_id in self._entries and entry.command_id not in self._new
        (self._changed if known else self._new).add(entry.command_id)
        self._entries[entry.command_id] = entry

    def write(self) -> None:
        """Store what was recorded, in the order of the keys.

        Raises `Collision` where another transaction has changed a row since it was read.
        """
        if self._new:
            insert_rows(self._session, inbox, self._rows(self._new))
        if self._changed:
            self._hold()
            update_rows(self._session, inbox, _KEY, self._rows(self._changed))

    def _hold(self) -> None:
        """Lock the rows to be changed, and make sure that they are still as they were read.

        Two consumers can have the same retry, when a connection is cut under a slow handler. Only
        the first may end the attempt; what the second did is undone.
        """
        dialect = self._session.get_bind().dialect
        these = {"component": self._component, **among_these(dialect, self._changed)}
        rows = self._session.execute(_locked(dialect), these)
        now = {row.command_id: (row.status, row.attempt) for row in rows}
        if any(now.get(command_id) != self._read[command_id] for command_id in self._changed):
            raise Collision("Another transaction has settled a command of this batch.")

    def _rows(self, command_ids: set[UUID]) -> list[dict[str, Any]]:
        now = self._now()
        entries = [self._entries[command_id] for command_id in sorted(command_ids, key=by_uuid)]
        return [{"component": self._component, **_row(entry, now)} for entry in entries]


# Built once: to build it takes longer than to run it.
_outcome = select(inbox.c.outcome).where(
    *(inbox.c[name] == bindparam(name) for name in (*_KEY, "status", "attempt"))
)


@cache
def _known(dialect: Dialect) -> Select[Any]:
    columns = (inbox.c[name] for name in InboxEntry._fields if name != "outcome")
    own = inbox.c.component == bindparam("component")
    return select(*columns).where(own, among(dialect, inbox.c.command_id))


@cache
def _locked(dialect: Dialect) -> Select[Any]:
    columns = inbox.c.command_id, inbox.c.status, inbox.c.attempt
    query = _known(dialect).with_only_columns(*columns)
    return query.order_by(inbox.c.command_id).with_for_update()


def _row(entry: InboxEntry, now: datetime) -> dict[str, Any]:
    return {
        "command_id": entry.command_id,
        "digest": entry.digest,
        "status": entry.status,
        "attempt": entry.attempt,
        "outcome": entry.outcome and entry.outcome._asdict(),
        "recorded_at": now,
    }

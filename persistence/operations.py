"""What people had done with many dead letters at once, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from persistence.columns import SerialKey, Timestamp, metadata
from persistence.database import Database
from persistence.translation import driver_errors

RUNNING: Final = "running"
DONE: Final = "done"
STOPPED: Final = "stopped"  # the same failure came again
CANCELLED: Final = "cancelled"  # somebody wanted no more
BROKEN_OFF: Final = "broken off"  # its process has ended, nobody knows how

SILENCE = timedelta(minutes=2)  # after which nobody works on an operation any more
_COUNTS = "asked", "sent", "applied", "rejected", "failed_again", "skipped", "cancelled"

operations = Table(
    "operations",
    metadata,
    Column("id", SerialKey, primary_key=True),
    Column("component", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("selection", JSON, nullable=False),
    Column("began_at", Timestamp, nullable=False),
    Column("seen_at", Timestamp, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    *(Column(name, Integer, nullable=False, server_default="0") for name in _COUNTS),
    Index(None, "component", "id"),
    sqlite_autoincrement=True,
)

# What was sent and has not ended yet, as far as anybody has looked.
operation_commands = Table(
    "operation_commands",
    metadata,
    Column("operation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("command_id", Uuid, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)


@dataclass(frozen=True)
class Operation:
    """`waiting`: how many were sent and have no ending yet; what was put back is only sent."""

    id: int
    actor: str
    selection: dict[str, Any]
    began_at: datetime
    state: str
    reason: str | None
    asked: int
    sent: int
    applied: int
    rejected: int
    failed_again: int
    skipped: int
    cancelled: int
    waiting: int


@dataclass(frozen=True)
class Replayed:
    """A command that was sent again; the fingerprint is that of the letter it was."""

    command_id: UUID
    fingerprint: str


class Operations:
    """The operations of one component."""

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._component = component

    def begin(self, actor: str, selection: dict[str, Any], asked: int) -> int:
        now = self._database.now()
        row = {
            "component": self._component,
            "actor": actor,
            "selection": selection,
            "began_at": now,
            "seen_at": now,
            "state": RUNNING,
            "asked": asked,
        }
        with driver_errors(), self._database.engine.begin() as connection:
            made = insert(operations).values(row).returning(operations.c.id)
            return int(connection.execute(made).scalar_one())

    def note(self, operation_id: int, **values: Any) -> None:
        """Keep values of the row: its `state`, the `reason` for it; and that somebody is there."""
        with driver_errors(), self._database.engine.begin() as connection:
            change(connection, operation_id, seen_at=self._database.now(), **values)

    def end(self, operation_id: int, state: str, reason: str | None, skipped: int) -> None:
        """Keep how it ended; what was neither sent nor skipped is cancelled."""
        left = operations.c.asked - operations.c.sent - skipped
        self.note(operation_id, state=state, reason=reason, skipped=skipped, cancelled=left)

    def find(self, operation_id: int) -> Operation:
        return next(iter(self.latest(1, operation_id + 1)))

    def latest(self, limit: int, before: int | None = None) -> list[Operation]:
        """Return the operations, the newest first; `before`: only those of a smaller id."""
        of = operation_commands.c.operation_id == operations.c.id
        waiting = select(func.count()).where(of).scalar_subquery().label("waiting")
        query = select(operations, waiting).where(operations.c.component == self._component)
        if before is not None:
            query = query.where(operations.c.id < before)
        with driver_errors(), self._database.engine.connect() as connection:
            rows = connection.execute(query.order_by(operations.c.id.desc()).limit(limit)).all()
        now = self._database.now()
        return [_operation(row, now) for row in rows]


def keep_sent(
    session: Session, operation_id: int, replayed: Sequence[Replayed], put_back: int
) -> None:
    """Note what is sent, in the transaction that sends it; `put_back`: how much is no command."""
    rows = [
        {"operation_id": operation_id, "command_id": c.command_id, "fingerprint": c.fingerprint}
        for c in replayed
    ]
    with driver_errors():
        if rows:
            session.execute(insert(operation_commands), rows)
        sent = operations.c.sent + len(rows) + put_back
        change(session.connection(), operation_id, sent=sent)


def change(connection: Connection, operation_id: int, **values: Any) -> None:
    """Change values of an operation's row; expressions are values, too."""
    connection.execute(update(operations).where(operations.c.id == operation_id).values(values))


def _operation(row: Any, now: datetime) -> Operation:
    values = {name: getattr(row, name) for name in Operation.__dataclass_fields__}
    if row.state == RUNNING and row.seen_at < now - SILENCE:
        values["state"] = BROKEN_OFF
    return Operation(**values)

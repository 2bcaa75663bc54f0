"""What people had done with many dead letters at once, and what came of it."""

from collections import Counter
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
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from persistence.columns import SerialKey, Timestamp, metadata
from persistence.database import Database
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.table import dead_letters
from persistence.endings import APPLIED, FAILED, REJECTED, RETRYING
from persistence.inbox import inbox
from persistence.translation import driver_errors

RUNNING: Final = "running"
DONE: Final = "done"
STOPPED: Final = "stopped"  # the same failure came again
CANCELLED: Final = "cancelled"  # somebody wanted no more
BROKEN_OFF: Final = "broken off"  # its process has ended, nobody knows how

SILENCE = timedelta(minutes=2)  # after which nobody works on an operation any more
BITE = 500  # commands settled in one transaction

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


@dataclass(frozen=True)
class Result:
    """What came of it; `failure` is the fingerprint of the letter that it has become again."""

    command_id: UUID
    status: str
    failure: str | None = None


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

    def settle(self, operation_id: int) -> list[Result]:
        """Note what has ended since the last time, and return it."""
        results: list[Result] = []
        while bite := self._bite(operation_id):
            results += bite
        return results

    def settle_all(self) -> None:
        """Do so for every operation for which nobody waits any more."""
        unsettled = select(operation_commands.c.operation_id).distinct()
        silent = operations.c.seen_at < self._database.now() - SILENCE
        own = select(operations.c.id).where(
            operations.c.component == self._component,
            or_(operations.c.state != RUNNING, silent),
        )
        with driver_errors(), self._database.engine.connect() as connection:
            ids = connection.scalars(own.where(operations.c.id.in_(unsettled))).all()
        for operation_id in ids:
            self.settle(operation_id)

    def note(self, operation_id: int, **values: Any) -> None:
        """Keep values of the row: its `state`, the `reason` for it; and that somebody is there."""
        with driver_errors(), self._database.engine.begin() as connection:
            _change(connection, operation_id, seen_at=self._database.now(), **values)

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

    def _bite(self, operation_id: int) -> list[Result]:
        """Settle some commands, each once, whoever else does so at this moment."""
        if not self._any_ended(operation_id):
            return []  # most times; so nobody waits for the lock that a write takes
        with driver_errors(), self._database.engine.begin() as connection:
            # Who has the operation's row settles it.
            own = select(operations.c.id).where(operations.c.id == operation_id)
            connection.execute(own.with_for_update())
            these = {"operation": operation_id, "component": self._component}
            ended = connection.execute(_ENDED, these).all()
            ids = [row.command_id for row in ended]
            _forget(connection, operation_id, ids)
            counts = Counter(row.status for row in ended)
            _change(
                connection,
                operation_id,
                seen_at=self._database.now(),
                applied=operations.c.applied + counts[APPLIED],
                rejected=operations.c.rejected + counts[REJECTED],
                failed_again=operations.c.failed_again + counts[FAILED],
            )
            failed = [row.command_id for row in ended if row.status == FAILED]
            failures = _failures(connection, self._component, failed)
        return [Result(row.command_id, row.status, failures.get(row.command_id)) for row in ended]

    def _any_ended(self, operation_id: int) -> bool:
        these = {"operation": operation_id, "component": self._component}
        with driver_errors(), self._database.engine.connect() as connection:
            return connection.execute(_ENDED.limit(1), these).first() is not None


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
        _change(session.connection(), operation_id, sent=sent)


def _change(connection: Connection, operation_id: int, **values: Any) -> None:
    connection.execute(update(operations).where(operations.c.id == operation_id).values(values))


# The inbox forgets after a while; what nobody has asked for until then is known no more.
_ENDED = (
    select(operation_commands.c.command_id, inbox.c.status)
    .outerjoin(
        inbox,
        and_(
            inbox.c.component == bindparam("component"),
            inbox.c.command_id == operation_commands.c.command_id,
        ),
    )
    .where(
        operation_commands.c.operation_id == bindparam("operation"),
        or_(inbox.c.status != RETRYING, inbox.c.status.is_(None)),
    )
    .limit(BITE)
)


def _forget(connection: Connection, operation_id: int, ids: Sequence[UUID]) -> None:
    of = operation_commands.c.operation_id == operation_id
    gone = delete(operation_commands).where(of, operation_commands.c.command_id.in_(ids))
    connection.execute(gone)


def _failures(connection: Connection, component: str, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the fingerprints of the newest letters of these commands."""
    c = dead_letters.c
    columns = c.command_id, c.fingerprint, c.kind, c.type, c.reason, c.traceback
    query = select(*columns).where(c.component == component, c.command_id.in_(ids)).order_by(c.id)
    rows = connection.execute(query).all() if ids else ()
    return {
        row.command_id: row.fingerprint
        or fingerprint(row.kind, row.type, row.reason, row.traceback)
        for row in rows
    }


def _operation(row: Any, now: datetime) -> Operation:
    values = {name: getattr(row, name) for name in Operation.__dataclass_fields__}
    if row.state == RUNNING and row.seen_at < now - SILENCE:
        values["state"] = BROKEN_OFF
    return Operation(**values)

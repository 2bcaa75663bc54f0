import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, Text, Uuid, bindparam, select
from sqlalchemy.orm import Session

from persistence.database import Timestamp, metadata
from persistence.errors import driver_errors
from persistence.messages import OutgoingMessage

APPLIED, REJECTED, FAILED, RETRYING = "applied", "rejected", "failed", "retrying"

inbox = Table(
    "inbox",
    metadata,
    Column("component", Text, primary_key=True),
    Column("command_id", Uuid, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", Text),
    Column("recorded_at", Timestamp, nullable=False),
    CheckConstraint("status IN ('applied', 'rejected', 'failed', 'retrying')", name="status"),
    Index(None, "recorded_at"),
)

_read = (
    select(inbox)
    .where(inbox.c.component == bindparam("component"))
    .where(inbox.c.command_id.in_(bindparam("ids", expanding=True)))
)
_update = (
    inbox.update()
    .where(inbox.c.component == bindparam("owner"))
    .where(inbox.c.command_id == bindparam("key"))
)


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """What is known of one command: how it ended, or which attempt it waits for."""

    command_id: UUID
    digest: str
    status: str
    attempt: int
    outcome: OutgoingMessage | None


class Inbox:
    """The commands that this component knows, as this transaction sees and extends them."""

    def __init__(self, session: Session, component: str) -> None:
        self._session = session
        self._component = component
        self._entries: dict[UUID, InboxEntry] = {}
        self._new: set[UUID] = set()
        self._changed: set[UUID] = set()

    def read(self, command_ids: Iterable[UUID]) -> None:
        """Learn what is known of these commands, in one query."""
        with driver_errors():
            parameters = {"component": self._component, "ids": list(command_ids)}
            rows = self._session.execute(_read, parameters).all()
        for row in rows:
            outcome = row.outcome and OutgoingMessage(**json.loads(row.outcome))
            self._entries[row.command_id] = InboxEntry(
                row.command_id, row.digest, row.status, row.attempt, outcome
            )

    def get(self, command_id: UUID) -> InboxEntry | None:
        return self._entries.get(command_id)

    def record(self, entry: InboxEntry) -> None:
        """Add the command, or replace what is known of it."""
        known = entry.command_id in self._entries and entry.command_id not in self._new
        (self._changed if known else self._new).add(entry.command_id)
        self._entries[entry.command_id] = entry

    def write(self) -> None:
        """Store what was recorded, in the order of the keys."""
        if self._new:
            self._session.execute(inbox.insert(), self._rows(self._new))
        if self._changed:
            rows = [
                {"owner": self._component, "key": row["command_id"], **row}
                for row in self._rows(self._changed)
            ]
            self._session.execute(_update, rows)

    def _rows(self, command_ids: set[UUID]) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        entries = [self._entries[command_id] for command_id in sorted(command_ids)]
        return [{"component": self._component, **_row(entry, now)} for entry in entries]


def _row(entry: InboxEntry, now: datetime) -> dict[str, Any]:
    return {
        "command_id": entry.command_id,
        "digest": entry.digest,
        "status": entry.status,
        "attempt": entry.attempt,
        "outcome": entry.outcome and json.dumps(asdict(entry.outcome)),
        "recorded_at": now,
    }

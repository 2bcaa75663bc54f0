"""The tables of dead letters and of what people say of their groups."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    Uuid,
    false,
)

from persistence.columns import SerialKey, Timestamp, metadata

MAX_BODY_BYTES = 64 * 1024  # of the raw body that a dead letter keeps
UNSENDABLE = "unsendable"  # the kind of what could not go out; an event must not be lost, so whole

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", SerialKey, primary_key=True),
    Column("component", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("command_id", Uuid),
    Column("type", Text),
    Column("errors", JSON, nullable=False),
    Column("traceback", Text),
    Column("attempts", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_bytes", Integer, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("died_at", Timestamp, nullable=False),
    # Which group it belongs to; NULL in rows that an older release has written.
    Column("fingerprint", Text),
    Index(None, "command_id"),
    Index(None, "died_at"),
    Index(None, "component", "fingerprint"),
    sqlite_autoincrement=True,
)

# What people have said of groups. It outlives the letters: a cause that comes back is known.
dead_letter_groups = Table(
    "dead_letter_groups",
    metadata,
    Column("component", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("note", Text),
    Column("owner", Text),
    Column("on_hold", Boolean, nullable=False, server_default=false()),
)


@dataclass(frozen=True)
class DeadLetterView:
    """A dead letter as people look at it. `body` may be cut: `body_bytes` is what came."""

    id: int
    kind: str
    reason: str
    command_id: UUID | None
    type: str | None
    errors: dict[str, list[str]]
    traceback: str | None
    attempts: list[str]
    body: bytes
    body_bytes: int
    properties: dict[str, Any]
    died_at: datetime
    fingerprint: str | None = None

    @property
    def is_whole(self) -> bool:
        return len(self.body) == self.body_bytes


def view(row: RowMapping) -> DeadLetterView:
    return DeadLetterView(**{name: row[name] for name in row if name != "component"})

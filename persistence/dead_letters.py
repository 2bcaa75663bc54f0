from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Select,
    Table,
    Text,
    Uuid,
    delete,
    select,
)
from sqlalchemy.orm import Session

from persistence.database import Database, SerialKey, Timestamp, metadata
from persistence.errors import driver_errors
from persistence.inserts import Inserts
from persistence.messages import DeadLetter

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
    Index(None, "command_id"),
    Index(None, "died_at"),
    sqlite_autoincrement=True,
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


class DeadLetters(Inserts):
    """Messages given up in this transaction, each kept with its reason."""

    def __init__(self, session: Session, component: str) -> None:
        super().__init__(session, dead_letters, component)

    def add(self, letter: DeadLetter) -> None:
        kept = None if letter.kind == UNSENDABLE else MAX_BODY_BYTES
        self._rows.append(
            {
                "component": self._component,
                "kind": letter.kind,
                "reason": letter.reason,
                "command_id": letter.command_id,
                "type": letter.type,
                "errors": letter.errors,
                "traceback": letter.traceback,
                "attempts": letter.attempts,
                "body": letter.command.body[:kept],
                "body_bytes": len(letter.command.body),
                "properties": letter.command.properties,
                "died_at": datetime.now(UTC),
            }
        )

    def take(self, letter_id: int) -> DeadLetterView | None:
        """Remove the letter from its table and return it; None if there is none."""
        own = dead_letters.c.component == self._component
        removal = delete(dead_letters).where(own, dead_letters.c.id == letter_id)
        with driver_errors():
            row = self._session.execute(removal.returning(*dead_letters.c)).mappings().one_or_none()
        return None if row is None else _view(row)

    def purge(self, kind: str | None, before: datetime) -> int:
        """Remove letters that died before then, of one kind or of all; return how many."""
        own = dead_letters.c.component == self._component
        removal = delete(dead_letters).where(own, dead_letters.c.died_at < before)
        if kind is not None:
            removal = removal.where(dead_letters.c.kind == kind)
        with driver_errors():
            return len(self._session.execute(removal.returning(dead_letters.c.id)).all())


class DeadLetterViews:
    """Read access to the dead letters of one component."""

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._letters = select(dead_letters).where(dead_letters.c.component == component)

    def newest(self, kind: str | None, limit: int) -> list[DeadLetterView]:
        """Return the newest letters, the newest first, of one kind or of all."""
        query = self._letters.order_by(dead_letters.c.id.desc()).limit(limit)
        return self._read(query if kind is None else query.where(dead_letters.c.kind == kind))

    def find(self, letter_id: int) -> DeadLetterView | None:
        letters = self._read(self._letters.where(dead_letters.c.id == letter_id))
        return letters[0] if letters else None

    def _read(self, query: Select[Any]) -> list[DeadLetterView]:
        with driver_errors(), self._database.engine.connect() as connection:
            return [_view(row) for row in connection.execute(query).mappings()]


def _view(row: RowMapping) -> DeadLetterView:
    return DeadLetterView(**{name: row[name] for name in row if name != "component"})

"""Messages that will not be applied, kept with the reason until somebody decides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
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
    bindparam,
    delete,
    func,
    select,
    true,
)
from sqlalchemy.orm import Session

from persistence.columns import SerialKey, Timestamp, metadata
from persistence.database import Database
from persistence.inserts import Inserts
from persistence.messages import DeadLetter
from persistence.translation import driver_errors

MAX_BODY_BYTES = 64 * 1024  # of the raw body that a dead letter keeps
PURGE_BITE = 2000  # letters looked at in one transaction of a purge
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

    def __init__(self, session: Session, component: str, now: Callable[[], datetime]) -> None:
        """`now`: the database's time."""
        super().__init__(session, dead_letters, component)
        self._now = now

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
                "died_at": self._now(),
            }
        )

    def take(self, letter_id: int) -> DeadLetterView | None:
        """Remove the letter from its table and return it; None if there is none."""
        own = dead_letters.c.component == self._component
        removal = delete(dead_letters).where(own, dead_letters.c.id == letter_id)
        with driver_errors():
            row = self._session.execute(removal.returning(*dead_letters.c)).mappings().one_or_none()
        return None if row is None else _view(row)


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


def purge(database: Database, component: str, kind: str | None, before: datetime) -> int:
    """Remove letters that died before then, of one kind or of all; return how many.

    The table is walked along in bites, a transaction each: millions in one would meet the
    deadline, and be back. Raises a `PersistenceError`; what was bitten off by then is gone.
    """
    purged = last = 0
    with driver_errors(), database.engine.connect() as connection:
        while upper := connection.scalar(_BITE, {"last": last}):
            gone = delete(dead_letters).where(
                dead_letters.c.id.between(last + 1, upper),
                dead_letters.c.component == component,
                dead_letters.c.died_at < before,
                true() if kind is None else dead_letters.c.kind == kind,
            )
            purged += connection.execute(gone).rowcount
            connection.commit()
            last = upper
    return purged


_ids = select(dead_letters.c.id).where(dead_letters.c.id > bindparam("last"))
_BITE = select(func.max(_ids.order_by(dead_letters.c.id).limit(PURGE_BITE).subquery().c.id))


def _view(row: RowMapping) -> DeadLetterView:
    return DeadLetterView(**{name: row[name] for name in row if name != "component"})

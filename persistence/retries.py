"""Commands to send again: a row stays until its attempt is settled, so that none can be lost."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    Delete,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    bindparam,
    case,
    delete,
    exists,
    select,
    update,
)
from sqlalchemy.orm import Session

from persistence.bulk import among, among_these
from persistence.columns import SerialKey, Timestamp, metadata
from persistence.endings import RETRYING
from persistence.inbox import inbox
from persistence.inserts import Inserts
from persistence.messages import StoredCommand
from persistence.translation import driver_errors

# After a retry was sent, this long passes until it is sent again, twice as long each time: its
# queue may have been deleted or purged. Another copy does no harm, as only the first can settle.
LEASE = timedelta(seconds=10)
LONGEST_LEASE = timedelta(hours=1)
_DOUBLINGS = 9  # from the one to the other

retries = Table(
    "retries",
    metadata,
    Column("id", SerialKey, primary_key=True),
    Column("component", Text, nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("properties", JSON, nullable=False),
    # NULL in rows that an older release has written.
    Column("command_id", Uuid),
    Column("attempt", Integer),
    Column("sends", Integer, nullable=False, server_default="0"),
    # Why the attempt before failed, in one line; NULL where none did, or an older release wrote it.
    Column("error", Text),
    Index(None, "component", "due_at"),
    Index(None, "component", "command_id"),
    sqlite_autoincrement=True,
)

# Whether the command of a row waits for the attempt that the row would send.
awaited = exists(
    select(inbox.c.command_id).where(
        inbox.c.component == retries.c.component,
        inbox.c.command_id == retries.c.command_id,
        inbox.c.status == RETRYING,
        inbox.c.attempt == retries.c.attempt,
    )
)


def lease(sends: int) -> timedelta:
    """Return how long a retry is left alone that has been sent so often before."""
    doublings: int = 2 ** min(sends, _DOUBLINGS)
    return min(LEASE * doublings, LONGEST_LEASE)


def leases(now: datetime) -> dict[str, datetime]:
    """Return the parameters of `lease_end`."""
    return {f"lease_{sends}": now + lease(sends) for sends in range(_DOUBLINGS + 1)}


lease_end = case(
    {sends: bindparam(f"lease_{sends}", type_=Timestamp) for sends in range(_DOUBLINGS)},
    value=retries.c.sends,
    else_=bindparam(f"lease_{_DOUBLINGS}", type_=Timestamp),
)


class Retries(Inserts):
    """Commands to send to the queue again, each when it is due."""

    def __init__(self, session: Session, component: str) -> None:
        super().__init__(session, retries, component)
        self._looked_after: set[UUID] = set()  # commands whose row is known to be there
        self._sooner: list[dict[str, Any]] = []
        self._settled: set[UUID] = set()

    def __len__(self) -> int:
        """Return how many rows the relay should hear of."""
        return len(self._rows) + len(self._sooner)

    def add(
        self,
        command: StoredCommand,
        due_at: datetime,
        command_id: UUID | None = None,
        attempt: int | None = None,
        error: str | None = None,
    ) -> None:
        """`error`: why the attempt before failed."""
        if command_id:
            self._looked_after.add(command_id)
        self._rows.append(
            {
                "component": self._component,
                "due_at": due_at,
                "body": command.body,
                "properties": command.properties,
                "command_id": command_id,
                "attempt": attempt,
                "error": error,
            }
        )

    def settled(self, command_id: UUID) -> None:
        """Remove the rows of attempts that the inbox does not wait for any more."""
        self._settled.add(command_id)

    def hasten(self, command_id: UUID, attempt: int, due_at: datetime) -> bool:
        """Have an attempt that was sent before sent again by then; False if there is no row of it.

        Never at once: many copies shall not make many more.
        """
        if command_id in self._looked_after:
            return True
        own = retries.c.component == self._component, retries.c.command_id == command_id
        query = select(retries.c.id, retries.c.sends, retries.c.due_at)
        with driver_errors():
            rows = self._session.execute(query.where(*own, retries.c.attempt == attempt)).all()
        self._sooner += [
            {"row": row.id, "soon": due_at} for row in rows if row.sends and row.due_at > due_at
        ]
        if rows:
            self._looked_after.add(command_id)
        return bool(rows)

    def write(self) -> None:
        """Store what was asked for; after the inbox, which says what is still waited for."""
        super().write()
        if self._settled:
            dialect = self._session.get_bind().dialect
            these = {"component": self._component, **among_these(dialect, self._settled)}
            self._session.execute(_unawaited(dialect), these)
        if self._sooner:
            self._session.connection().execute(_hasten, self._sooner)


_hasten = (
    update(retries)
    .where(retries.c.id == bindparam("row"))
    .values(due_at=bindparam("soon", type_=Timestamp))
)


@cache
def _unawaited(dialect: Dialect) -> Delete:
    own = retries.c.component == bindparam("component")
    return delete(retries).where(own, among(dialect, retries.c.command_id), ~awaited)

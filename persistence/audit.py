"""What people have done to the component: rows are added, and never changed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pwd import getpwuid
from typing import Any

from sqlalchemy import JSON, Column, Index, Select, Table, Text, insert, select

from persistence.columns import SerialKey, Timestamp, metadata
from persistence.database import Database
from persistence.translation import driver_errors

PAGE = 1000  # entries that are read at a time when all are wanted

audit = Table(
    "audit",
    metadata,
    Column("id", SerialKey, primary_key=True),
    Column("component", Text, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("parameters", JSON, nullable=False),
    Index(None, "component", "id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class AuditEntry:
    """Who asked for what, when (the database's time), and with which parameters."""

    id: int
    at: datetime
    actor: str
    action: str
    parameters: dict[str, Any]


def record(
    database: Database,
    component: str,
    action: str,
    parameters: dict[str, Any],
    *,
    actor: str | None = None,
) -> None:
    """Write down, before it is done, what somebody asks for: a transaction of its own.

    `action`: the words of the command line, as `dead purge`. `parameters`: JSON values, no secret.
    `actor`: the operating system's user where nothing is said.
    """
    row = {
        "component": component,
        "at": database.now(),
        "actor": actor or user(),
        "action": action,
        "parameters": parameters,
    }
    with driver_errors(), database.engine.begin() as connection:
        connection.execute(insert(audit), row)


def user() -> str:
    """Return the name of the operating system's user, whom no variable can rename."""
    number = os.getuid()
    try:
        return getpwuid(number).pw_name
    except KeyError:  # as in a container
        return f"user {number}"


class AuditEntries:
    """Read access to what people have done to one component."""

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        columns = (audit.c[name] for name in AuditEntry.__dataclass_fields__)
        self._entries = select(*columns).where(audit.c.component == component)

    def newest(self, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Return the newest entries, the newest first; `before`: only those of a smaller id."""
        query = self._entries.order_by(audit.c.id.desc()).limit(limit)
        return self._read(query if before is None else query.where(audit.c.id < before))

    def all(self) -> Iterator[AuditEntry]:
        """Give every entry, the oldest first."""
        query = self._entries.order_by(audit.c.id).limit(PAGE)
        last = 0
        while page := self._read(query.where(audit.c.id > last)):
            yield from page
            last = page[-1].id

    def _read(self, query: Select[Any]) -> list[AuditEntry]:
        with driver_errors(), self._database.engine.connect() as connection:
            return [AuditEntry(*row) for row in connection.execute(query)]

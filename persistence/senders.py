"""Who has sent which version of a command: a row each, counted together by all consumers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Dialect, Integer, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

from persistence.columns import Timestamp, metadata
from persistence.database import Database
from persistence.translation import driver_errors

senders = Table(
    "senders",
    metadata,
    Column("component", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("sender", Text, primary_key=True),
    Column("first_seen", Timestamp, nullable=False),
    Column("last_seen", Timestamp, nullable=False),
    Column("commands", BigInteger, nullable=False),
)


class Sender(NamedTuple):
    """Who sends what."""

    type: str
    version: int
    sender: str


class Seen(NamedTuple):
    """What is known of a sender."""

    type: str
    version: int
    sender: str
    first_seen: datetime
    last_seen: datetime
    commands: int


def add_senders(
    database: Database, component: str, counts: Mapping[Sender, int], now: datetime
) -> None:
    """Add so many commands of each, in one transaction. Raises a `PersistenceError`."""
    rows = [
        {
            "component": component,
            **sender._asdict(),
            "first_seen": now,
            "last_seen": now,
            "commands": commands,
        }
        for sender, commands in sorted(counts.items())  # so that two cannot deadlock
    ]
    with driver_errors(), database.engine.begin() as connection:
        connection.execute(_counted(connection.dialect), rows)


def seen_senders(database: Database, component: str) -> list[Seen]:
    """Return them by type, version and name."""
    columns = (senders.c[name] for name in Seen._fields)
    query = select(*columns).where(senders.c.component == component)
    with driver_errors(), database.engine.connect() as connection:
        rows = connection.execute(query.order_by(*senders.primary_key))
        return [Seen(*row) for row in rows]


def _counted(dialect: Dialect) -> Any:
    insert = (postgresql if dialect.name == "postgresql" else sqlite).insert(senders)
    return insert.on_conflict_do_update(
        index_elements=list(senders.primary_key),
        set_={
            "last_seen": insert.excluded.last_seen,
            "commands": senders.c.commands + insert.excluded.commands,
        },
    )

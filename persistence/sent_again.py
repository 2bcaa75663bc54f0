"""Every command that waits to be sent again, by itself or by somebody's hand."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Select, null, select

from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.retries import retries
from persistence.translation import driver_errors

BITE = 50  # rows that are read at once: each may have a megabyte


class Waiting(NamedTuple):
    """`kind`: of a dead letter; None for a retry. `body_bytes`: what came, where it may be cut."""

    id: int
    body: bytes
    properties: dict[str, Any]
    kind: str | None
    body_bytes: int | None


def waiting(database: Database, component: str) -> Iterator[Waiting]:
    """Yield them in the order of their ids, retries first, in bites of their own."""
    whole = select(retries.c.id, retries.c.body, retries.c.properties, null(), null())
    letters = select(
        dead_letters.c.id,
        dead_letters.c.body,
        dead_letters.c.properties,
        dead_letters.c.kind,
        dead_letters.c.body_bytes,
    )
    for table, query in ((retries, whole), (dead_letters, letters)):
        own = query.where(table.c.component == component).order_by(table.c.id).limit(BITE)
        last = 0
        while rows := _read(database, own.where(table.c.id > last)):
            yield from rows
            last = rows[-1].id


def _read(database: Database, query: Select[Any]) -> list[Waiting]:
    with driver_errors(), database.engine.connect() as connection:
        return [Waiting(*row) for row in connection.execute(query)]

"""Fingerprints for the letters of releases that wrote none: before the column, and beside us."""

from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from persistence.bulk import update_rows
from persistence.database import Database
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.table import dead_letters
from persistence.translation import driver_errors

BITE = 500  # letters in one transaction

_c = dead_letters.c
_BITE = (
    select(_c.id, _c.kind, _c.type, _c.reason, _c.traceback)
    .where(_c.fingerprint.is_(None), _c.id > bindparam("last"))
    .order_by(_c.id)
    .limit(BITE)
)
_OWN = _BITE.where(_c.component == bindparam("component"))


def fill_in(database: Database, component: str) -> None:
    """Give a fingerprint to every letter of the component that has none."""
    last = 0
    with driver_errors(), database.engine.connect() as connection:
        while last := fill_bite(connection, last, component):
            connection.commit()


def fill_bite(connection: Connection, last: int, component: str | None = None) -> int:
    """Do so with some letters above this id; return where to go on, 0 at the end."""
    these = {"last": last} | ({"component": component} if component else {})
    rows = connection.execute(_OWN if component else _BITE, these).all()
    if rows:
        update_rows(Session(connection), dead_letters, ["id"], [_found(row) for row in rows])
    return rows[-1].id if rows else 0


def _found(row: Any) -> dict[str, Any]:
    found = fingerprint(row.kind, row.type, row.reason, row.traceback)
    return {"id": row.id, "fingerprint": found}

"""Throwing dead letters away, however many there are."""

from collections.abc import Iterator

from sqlalchemy import bindparam, delete, func, select

from persistence.database import Database
from persistence.dead_letters.selection import Selection
from persistence.dead_letters.table import dead_letters
from persistence.translation import driver_errors

PURGE_BITE = 2000  # letters looked at in one transaction of a purge

_ids = select(dead_letters.c.id).where(dead_letters.c.id > bindparam("last"))
_BITE = select(func.max(_ids.order_by(dead_letters.c.id).limit(PURGE_BITE).subquery().c.id))


def purge(database: Database, component: str, chosen: Selection) -> int:
    """Remove these letters; return how many. Raises a `PersistenceError`, as `bites` does."""
    return sum(bites(database, component, chosen))


def bites(database: Database, component: str, chosen: Selection) -> Iterator[int]:
    """Remove these letters; give how many went in each bite.

    The table is walked along in bites, a transaction each: millions in one would meet the
    deadline, and be back. Raises a `PersistenceError`; what was bitten off by then is gone.
    """
    last = 0
    with driver_errors(), database.engine.connect() as connection:
        conditions = chosen.conditions(component, connection.dialect)
        while upper := connection.scalar(_BITE, {"last": last}):
            between = dead_letters.c.id.between(last + 1, upper)
            gone = connection.execute(delete(dead_letters).where(between, *conditions)).rowcount
            connection.commit()
            yield gone
            last = upper

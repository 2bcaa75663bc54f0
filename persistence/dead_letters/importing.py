"""Letters that come from elsewhere, or back: none is there twice."""

from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, and_, insert, select

from persistence.database import Database
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.table import DeadLetterView, dead_letters
from persistence.locks import lock
from persistence.translation import driver_errors

BITE = 200  # letters in one transaction

_COLUMNS = [c.name for c in dead_letters.c if c.name not in ("id", "component", "fingerprint")]


def import_letters(
    database: Database, component: str, letters: Iterable[DeadLetterView]
) -> tuple[int, int]:
    """Store the letters that are not there yet, each under a new id; return how many, of how many.

    A letter is there where one of the component died at the same moment with the same body. One
    import works at a time.
    """
    stored = seen = 0
    left = iter(letters)
    with driver_errors(), database.autocommit_connection() as connection:
        turn = lock(database, connection, f"{component} import")
        turn.acquire(wait=True)
        try:
            while bite := list(islice(left, BITE)):
                stored += _bite(database, component, bite)
                seen += len(bite)
        finally:
            turn.release()
    return stored, seen


def _bite(database: Database, component: str, letters: Sequence[DeadLetterView]) -> int:
    with database.engine.begin() as connection:
        stored = 0
        for letter in letters:
            if not _is_there(connection, component, letter):
                connection.execute(insert(dead_letters), _row(component, letter))
                stored += 1
        return stored


def _is_there(connection: Connection, component: str, letter: DeadLetterView) -> bool:
    c = dead_letters.c
    same = and_(
        c.component == component,
        c.died_at == letter.died_at,
        c.kind == letter.kind,
        c.command_id.is_not_distinct_from(letter.command_id),
        c.body == letter.body,
    )
    return connection.execute(select(c.id).where(same).limit(1)).first() is not None


def _row(component: str, letter: DeadLetterView) -> dict[str, object]:
    made = fingerprint(letter.kind, letter.type, letter.reason, letter.traceback)
    values = {name: getattr(letter, name) for name in _COLUMNS}
    return {**values, "component": component, "fingerprint": made}

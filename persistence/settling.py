"""What came of the commands of an operation: the inbox knows, whoever asks and whenever."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, delete, or_, select

from persistence.database import Database
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.table import dead_letters
from persistence.endings import APPLIED, FAILED, REJECTED, RETRYING
from persistence.inbox import inbox
from persistence.operations import RUNNING, SILENCE, change, operation_commands, operations
from persistence.translation import driver_errors

BITE = 500  # commands settled in one transaction


@dataclass(frozen=True)
class Result:
    """What came of it; `failure` is the fingerprint of the letter that it has become again."""

    command_id: UUID
    status: str
    failure: str | None = None


def settle(database: Database, component: str, operation_id: int) -> list[Result]:
    """Note what has ended since the last time, and return it."""
    results: list[Result] = []
    while _any_ended(database, component, operation_id):
        results += _bite(database, component, operation_id)
    return results


def settle_all(database: Database, component: str) -> None:
    """Do so for every operation for which nobody waits any more."""
    unsettled = select(operation_commands.c.operation_id).distinct()
    silent = operations.c.seen_at < database.now() - SILENCE
    own = select(operations.c.id).where(
        operations.c.component == component,
        operations.c.id.in_(unsettled),
        or_(operations.c.state != RUNNING, silent),
    )
    with driver_errors(), database.engine.connect() as connection:
        ids = connection.scalars(own).all()
    for operation_id in ids:
        settle(database, component, operation_id)


# The inbox forgets after a while; what nobody has asked for until then is known no more.
_ENDED = (
    select(operation_commands.c.command_id, inbox.c.status)
    .outerjoin(
        inbox,
        and_(
            inbox.c.component == bindparam("component"),
            inbox.c.command_id == operation_commands.c.command_id,
        ),
    )
    .where(
        operation_commands.c.operation_id == bindparam("operation"),
        or_(inbox.c.status != RETRYING, inbox.c.status.is_(None)),
    )
    .limit(BITE)
)


def _forget(connection: Connection, operation_id: int, ids: Sequence[UUID]) -> None:
    of = operation_commands.c.operation_id == operation_id
    gone = delete(operation_commands).where(of, operation_commands.c.command_id.in_(ids))
    connection.execute(gone)


def _failures(connection: Connection, component: str, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the fingerprints of the newest letters of these commands."""
    c = dead_letters.c
    columns = c.command_id, c.fingerprint, c.kind, c.type, c.reason, c.traceback
    query = select(*columns).where(c.component == component, c.command_id.in_(ids)).order_by(c.id)
    rows = connection.execute(query).all() if ids else ()
    return {
        row.command_id: row.fingerprint
        or fingerprint(row.kind, row.type, row.reason, row.traceback)
        for row in rows
    }


def _any_ended(database: Database, component: str, operation_id: int) -> bool:
    """Look first: most times nothing has, and a write would keep others waiting."""
    these = {"operation": operation_id, "component": component}
    with driver_errors(), database.engine.connect() as connection:
        return connection.execute(_ENDED.limit(1), these).first() is not None


def _bite(database: Database, component: str, operation_id: int) -> list[Result]:
    """Settle some commands, each once, whoever else does so at this moment."""
    with driver_errors(), database.engine.begin() as connection:
        # Who has the operation's row settles it.
        own = select(operations.c.id).where(operations.c.id == operation_id)
        connection.execute(own.with_for_update())
        these = {"operation": operation_id, "component": component}
        ended = connection.execute(_ENDED, these).all()
        _forget(connection, operation_id, [row.command_id for row in ended])
        counts = Counter(row.status for row in ended)
        change(
            connection,
            operation_id,
            seen_at=database.now(),
            applied=operations.c.applied + counts[APPLIED],
            rejected=operations.c.rejected + counts[REJECTED],
            failed_again=operations.c.failed_again + counts[FAILED],
        )
        failed = [row.command_id for row in ended if row.status == FAILED]
        failures = _failures(connection, component, failed)
    return [Result(row.command_id, row.status, failures.get(row.command_id)) for row in ended]

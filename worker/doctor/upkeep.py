"""What PostgreSQL has to keep up, and what keeps it from that."""

from collections.abc import Iterator

from persistence.database import Database
from persistence.health.server import long_transactions
from persistence.health.upkeep import Rows, rows, sequences
from worker.doctor.durations import length
from worker.doctor.finding import Finding, ok, warning, wrong

SUBJECT = "database"
USED, FULL = 0.5, 0.9  # shares of a sequence
MANY = 100_000  # dead rows that are worth a word
FEW, SWOLLEN = 10_000, 2**30  # rows of a table, for which so many bytes are too many


def examine(database: Database) -> Iterator[Finding]:
    yield from _sequences(database)
    yield from _rows(database)
    holders = long_transactions(database)
    for who, seconds in holders:
        yield warning(
            SUBJECT,
            f"{who} has had a transaction open for {length(seconds)}: until it ends, no row that"
            " was deleted since can be cleared away.",
            "End it: SELECT pg_terminate_backend(its number), or ROLLBACK PREPARED.",
        )
    if not holders:
        yield ok(SUBJECT, "No long transaction keeps dead rows from being cleared away.")


def _sequences(database: Database) -> Iterator[Finding]:
    used = [s for s in sequences(database) if s.used > USED]
    for sequence, share in used:
        yield (wrong if share > FULL else warning)(
            SUBJECT,
            f"{share:.0%} of the numbers of {sequence} have been given out.",
            f"Make its column a bigint, and ALTER SEQUENCE {sequence} AS bigint.",
        )
    if not used:
        yield ok(SUBJECT, "The sequences have numbers enough.")


def _rows(database: Database) -> Iterator[Finding]:
    swollen = [row for row in rows(database) if _is_swollen(row)]
    for row in swollen:
        yield warning(
            SUBJECT,
            f"The table {row.table} has {row.dead:,} dead rows beside {row.live:,} live ones, and"
            f" {row.size / 2**20:,.0f} MiB.",
            f"See what holds vacuum back, then VACUUM {row.table}; VACUUM FULL gives room back but"
            " locks it meanwhile.",
        )
    if not swollen:
        yield ok(SUBJECT, "No table of ours is swollen with dead rows.")


def _is_swollen(row: Rows) -> bool:
    return (row.dead > MANY and row.dead > row.live) or (row.size > SWOLLEN and row.live < FEW)

"""What PostgreSQL has to keep up: numbers that are left, and dead rows."""

from typing import NamedTuple

from sqlalchemy import text

from persistence.columns import metadata
from persistence.database import Database
from persistence.translation import driver_errors


class Numbers(NamedTuple):
    """A sequence, and which share of it has been given out."""

    sequence: str
    used: float


class Rows(NamedTuple):
    """A table by the server's own estimates."""

    table: str
    live: int
    dead: int
    size: int  # bytes, with indexes and all


def sequences(database: Database) -> list[Numbers]:
    """Return the sequences of the tables that we see, the most used first."""
    with driver_errors(), database.engine.connect() as connection:
        return [Numbers(name, float(used)) for name, used in connection.execute(_SEQUENCES)]


def rows(database: Database) -> list[Rows]:
    """Return how many rows, dead ones and bytes each of the component's tables has."""
    with driver_errors(), database.engine.connect() as connection:
        found = [Rows(*row) for row in connection.execute(_ROWS)]
    return [row for row in found if row.table in metadata.tables]


_SEQUENCES = text(
    """
    SELECT sequencename, CAST(last_value AS float8) / max_value AS used FROM pg_sequences
    WHERE schemaname = ANY (current_schemas(false)) AND last_value IS NOT NULL ORDER BY used DESC
    """
)
_ROWS = text(
    """
    SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
    WHERE schemaname = ANY (current_schemas(false)) ORDER BY relname
    """
)

"""What the server says of itself: its version, its time, and what it promises to keep."""

from time import monotonic, time
from typing import NamedTuple

from sqlalchemy import text

from persistence.database import Database
from persistence.translation import driver_errors

LONG = 300.0  # seconds that a transaction may take before it keeps others' rubbish too long


class Server(NamedTuple):
    version: str
    # What it is where a session leaves it alone; ours do not.
    synchronous_commit: str
    fsync: str
    full_page_writes: str
    ahead: float  # seconds that its clock is before ours


class Holder(NamedTuple):
    """Somebody for whom the server keeps all that was deleted since."""

    who: str
    seconds: float


def ask_server(database: Database) -> Server:
    """Ask a PostgreSQL. Raises a `PersistenceError`."""
    with driver_errors(), database.engine.connect() as connection:
        before, started = time(), monotonic()
        version, committing, fsync, whole_pages, now = connection.execute(_SERVER).one()
        took = monotonic() - started
    return Server(version, committing, fsync, whole_pages, float(now) - before - took / 2)


def version_of_sqlite(database: Database) -> str:
    with driver_errors(), database.autocommit_connection() as connection:
        return str(connection.scalar(text("SELECT sqlite_version()")))


def long_transactions(database: Database) -> list[Holder]:
    """Return who has held back vacuum for long; what we may not see is left out."""
    with driver_errors(), database.engine.connect() as connection:
        rows = connection.execute(_HOLDERS, {"seconds": LONG}).all()
    return [Holder(who, float(lasts)) for who, lasts in rows]


_SERVER = text(
    """
    SELECT current_setting('server_version'),
        (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'),
        current_setting('fsync'), current_setting('full_page_writes'),
        CAST(extract(epoch FROM clock_timestamp()) AS float8)
    """
)
_HOLDERS = text(
    """
    SELECT who, CAST(lasts AS float8) FROM (
        SELECT 'session ' || pid || ' (' || concat_ws(', ', usename, nullif(application_name, ''))
            || ')' AS who, extract(epoch FROM clock_timestamp() - xact_start) AS lasts
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
        UNION ALL
        SELECT 'prepared transaction ' || gid, extract(epoch FROM clock_timestamp() - prepared)
        FROM pg_prepared_xacts WHERE database = current_database()
    ) AS holders
    WHERE lasts > :seconds ORDER BY lasts DESC LIMIT 5
    """
)

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
_END_SESSIONS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_VERSION = "alembic_version"


class PostgreSQLServer:
    """A server on which tests have databases of their own."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Yield the URL of a new database, a copy of `template` (a URL) or empty; drop it then."""
        source = make_url(template).database if template else "template0"
        name = f"test_{uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with connect(self._url) as connection:
            connection.execute(text(statement))


# Columns, triggers, functions, and settings of the database.
_MORE = text(
    """
    SELECT concat_ws(' ', table_name, column_name, data_type, column_default) AS what
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY what
    """
)


class Migrated:
    """A migrated database, lent to one test after the other, empty each time.

    Dropping a database costs a checkpoint, a multiple of what a test takes.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        with connect(url) as connection:
            self._migrated = _structure(connection)

    def clean(self) -> bool:
        """Delete all rows; return False where a test has changed more than rows."""
        with connect(self.url) as connection:
            connection.execute(_END_SESSIONS)
            if _structure(connection) != self._migrated:
                return False
            tables = [f'"{table}"' for table in self._migrated[0] if table != _VERSION]
            # What the audit's trigger forbids to everybody, a replica may do.
            connection.execute(text("SET session_replication_role = replica"))
            connection.execute(text("; ".join(f"DELETE FROM {table}" for table in tables)))
            return True


def _structure(connection: Connection) -> tuple[list[str], list[str], list[Any]]:
    """Return the tables, the versions of the schema, and all else that a test may leave behind."""
    versions = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalars()
    tables = list(connection.execute(_TABLES).scalars())
    return tables, list(versions), list(connection.execute(_MORE).scalars())


@contextmanager
def connect(url: Any) -> Iterator[Connection]:
    """Yield a connection on which every statement is its own transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET synchronous_commit = off"))
        yield connection

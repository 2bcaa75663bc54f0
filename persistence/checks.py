"""What is asked once, before work begins: whether this database can keep our promises."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import randbits
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, exc, func, select, text

from persistence.columns import metadata
from persistence.database import Database
from persistence.exceptions import Conflict, MigrationMissing, StorageUnavailable, Unsuitable
from persistence.locks import database_file
from persistence.translation import driver_errors

_SHARED = (
    "The database is behind a pooler that gives each transaction another session (PgBouncer with"
    " pool_mode transaction or statement): locks and plans need one of our own.",
    "Set pool_mode = session, or connect to PostgreSQL itself.",
)
_STATEMENT_MODE = "statement pooling mode"  # in the words by which PgBouncer refuses a BEGIN


def check_database(database: Database) -> None:
    """Raise `Unsuitable` where no waiting would help, another error where it might.

    Only for who works: on a replica nothing can be locked or written.
    """
    if database.is_postgresql:
        _check_sessions(database)
    else:
        _check_file(database)


def _check_sessions(database: Database) -> None:
    """Leave a session for a moment while a transaction is open, and see whether it is the same."""
    key = randbits(63)
    with _statement_mode(), database.autocommit_connection() as mine:
        first = _look(mine, func.pg_try_advisory_lock(key))
        with database.engine.connect() as other:
            # A pooler gives it the session that has just become free: ours.
            other.execute(text("SELECT 1"))
            try:
                second = _look(mine, func.pg_advisory_unlock(key))
            except exc.OperationalError:
                other.execute(text("SELECT 1"))  # the server is there; so we waited for `other`
                raise Unsuitable(*_SHARED) from None
        if first != second:
            raise Unsuitable(*_SHARED)


def _look(connection: Connection, locked: ColumnElement[Any]) -> tuple[int, bool]:
    """Return which session this is, and whether it has the lock."""
    pid, has_lock = connection.execute(select(func.pg_backend_pid(), locked)).one()
    return pid, has_lock


@contextmanager
def _statement_mode() -> Iterator[None]:
    try:
        with driver_errors():
            yield
    except StorageUnavailable as error:
        if _STATEMENT_MODE in str(error):
            raise Unsuitable(*_SHARED) from None
        raise


def _check_file(database: Database) -> None:
    """An SQLite file is no server that may come back: what is wrong with it is a mistake."""
    try:
        with driver_errors(), database.autocommit_connection() as connection:
            connection.exec_driver_sql("PRAGMA schema_version")  # reads, and locks nobody out
            path = database_file(connection)
    except Conflict:
        return  # somebody writes, so it can be written
    except StorageUnavailable as error:
        raise Unsuitable(
            f"The SQLite file {database.url.database} is of no use: {error}."
        ) from error
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise Unsuitable(f"The SQLite file {path} is of no use: {place} cannot be written.")


def check_tables(database: Database) -> None:
    """Raise `MigrationMissing` where the database lacks what no migration that is left would make.

    For a database that has all our migrations. What it has besides, a newer release may need.
    """
    with driver_errors(), database.autocommit_connection() as connection:
        missing = [
            name for table in metadata.tables.values() for name in _missing(connection, table)
        ]
    if missing:
        raise MigrationMissing(
            f"The program has tables or columns that no migration makes: {', '.join(missing)}.",
            'Write one: `alembic revision --autogenerate -m "what it does"`, read it, and run'
            " `python -m worker migrate`.",
        )


# Neither asks for a right on the table, and both find what a statement would find.
_COLUMNS = {
    "postgresql": "SELECT attname FROM pg_attribute"
    " WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped",
    "sqlite": "SELECT name FROM pragma_table_xinfo(:table)",
}


def _missing(connection: Connection, table: Table) -> list[str]:
    """Return the name of the table, or of its columns, that the database does not have."""
    dialect = connection.dialect
    quoted = dialect.identifier_preparer.format_table(table)
    name = quoted if dialect.name == "postgresql" else table.name
    there = set(connection.scalars(text(_COLUMNS[dialect.name]), {"table": name}))
    if not there:
        return [table.name]
    return [f"{table.name}.{column.name}" for column in table.c if column.name not in there]

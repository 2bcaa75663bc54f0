"""Migrations: bring the database up to date, or say that it is not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from persistence.checks import check_database, check_tables
from persistence.columns import metadata
from persistence.database import Database
from persistence.exceptions import DatabaseBehind, PersistenceError, Unsuitable
from persistence.inbox import inbox
from persistence.locks import lock
from persistence.translation import driver_errors


def migrate(database: Database) -> bool:
    """Apply every migration that is missing; several at once take turns.

    Returns False where the database is newer than this program: that is fine, and left as it is.
    Raises `MigrationMissing` where all of them together do not make what the program has.
    """
    if database.is_postgresql:
        check_database(database)  # before a lock of its sessions is relied on
    with (
        _errors(),
        database.without_deadline(),
        database.autocommit_connection() as connection,
    ):
        turn = lock(database, connection, "migrate")
        try:
            turn.acquire(wait=True)
            is_ours = _upgrade(database, connection)
        finally:
            # Who has the lock is who migrates, by the same session: whatever ends it ends both.
            connection.invalidate()
            turn.release()
    if is_ours:
        check_tables(database)
    return is_ours


def check_schema(database: Database) -> bool:
    """Raise `DatabaseBehind` if a migration is missing; return False if the database is newer."""
    _require_file(database)
    with _errors(), database.autocommit_connection() as connection:
        script = ScriptDirectory.from_config(_config(connection))
        current = _current(connection)
        if _is_newer(connection, current, script):
            return False
    if current != set(script.get_heads()):
        at = ", ".join(sorted(current)) or "nothing"
        raise DatabaseBehind(
            f"The database schema is behind (at {at}):", "run `python -m worker migrate`."
        )
    return True


def _require_file(database: Database) -> None:
    """Raise `PersistenceError` where SQLite can neither find nor make its file: no outage, that."""
    if database.is_postgresql or not database.url.database:
        return
    path = Path(database.url.database)
    if not path.is_file() and not os.access(path.parent, os.W_OK | os.X_OK):
        raise PersistenceError(f"there is no file {path}, and none can be made")


def _upgrade(database: Database, connection: Connection) -> bool:
    config = _config(connection)
    if not database.is_postgresql:
        # Readers and the writer do not wait for each other then. The file remembers it.
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    if _is_newer(connection, _current(connection), ScriptDirectory.from_config(config)):
        return False
    database.in_transactions(connection)
    command.upgrade(config, "head")
    return True


def _current(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _is_newer(connection: Connection, current: set[str], script: ScriptDirectory) -> bool:
    """Tell whether a later release has migrated; raise `Unsuitable` if it was somebody else."""
    ours = {revision.revision for revision in script.walk_revisions()}
    at = f"The database is at {', '.join(sorted(current))}"
    if current <= ours:
        # Others may number theirs as we do.
        if current and not inspect(connection).has_table(inbox.name):
            raise Unsuitable(f"{at}, but has no table {inbox.name}: {_SHARED}", _APART)
        return False
    at += ", which is no migration of ours"
    if missing := metadata.tables.keys() - set(inspect(connection).get_table_names()):
        raise Unsuitable(f"{at}, and has no table {min(missing)}: {_SHARED}", _APART)
    if behind := current & ours - set(script.get_heads()):
        # A later release would have replaced it.
        raise Unsuitable(f"{at}, but for {min(behind)}, which is behind: {_SHARED}", _APART)
    return True


_SHARED = "another program keeps its versions in alembic_version."
_APART = "Give each program a database or a PostgreSQL schema of its own."


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _errors() -> Iterator[None]:
    try:
        with driver_errors():
            yield
    except CommandError as error:
        raise Unsuitable(f"The migrations cannot be applied: {error}.") from error

"""Migrations: bring the database up to date, or say that it is not."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from persistence.database import Database
from persistence.errors import driver_errors
from persistence.exceptions import PersistenceError, SchemaBehind
from persistence.locks import lock


def migrate(database: Database) -> None:
    """Apply every migration that is missing; several at once take turns."""
    with (
        driver_errors(),
        database.without_deadline(),
        database.autocommit_connection() as connection,
    ):
        turn = lock(database, connection, "migrate")
        turn.acquire(wait=True)
        try:
            if not database.is_postgresql:
                # Readers and the writer do not wait for each other then. The file remembers it.
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            command.upgrade(_config(database), "head")
        finally:
            turn.release()


def check_schema(database: Database) -> bool:
    """Raise `SchemaBehind` if a migration is missing; return False if the database is newer."""
    _require_file(database)
    script = ScriptDirectory.from_config(_config(database))
    with driver_errors(), database.autocommit_connection() as connection:
        current = set(MigrationContext.configure(connection).get_current_heads())
    known = {revision.revision for revision in script.walk_revisions()}
    if current - known:
        return False
    if current != set(script.get_heads()):
        at = ", ".join(sorted(current)) or "nothing"
        raise SchemaBehind(
            f"The database schema is behind (at {at}): run `python -m worker migrate`."
        )
    return True


def _require_file(database: Database) -> None:
    """Raise `PersistenceError` where SQLite can neither find nor make its file: no outage, that."""
    if database.is_postgresql or not database.url.database:
        return
    path = Path(database.url.database)
    if not path.is_file() and not os.access(path.parent, os.W_OK | os.X_OK):
        raise PersistenceError(f"there is no file {path}, and none can be made")


def _config(database: Database) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["database"] = database
    return config

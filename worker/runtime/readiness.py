"""What the database must be when a process starts."""

import structlog

from persistence.checks import check_database, check_tables
from persistence.database import Database
from persistence.migrating import check_schema

log = structlog.get_logger()


def require_schema(database: Database) -> None:
    """Raise `Unsuitable` if we cannot work here, because it is behind, say; warn of a newer one.

    For the start: it takes a second session for a moment.
    """
    check_database(database)
    if check_schema(database):
        check_tables(database)
    else:
        log.warning("the database schema is newer than this program")

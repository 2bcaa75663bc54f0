import structlog

from persistence.database import Database
from persistence.schema import check_schema

log = structlog.get_logger()


def require_schema(database: Database) -> None:
    """Raise `SchemaBehind` if the database lacks a migration; only warn if it is newer than we."""
    if not check_schema(database):
        log.warning("the database schema is newer than this program")

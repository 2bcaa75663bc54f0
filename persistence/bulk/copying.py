"""Many new rows by COPY: the server reads it faster than JSON, and while Python still writes."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Dialect, Table

from persistence.bulk.rows import is_given, needs_no_sql


@cache
def can_be_copied(dialect: Dialect, table: Table, names: tuple[str, ...]) -> bool:
    is_postgresql = dialect.name == "postgresql"
    return is_postgresql and needs_no_sql(dialect, table) and is_given(table, names)


@cache
def copy_statement(dialect: Dialect, table: Table, names: tuple[str, ...]) -> str:
    """Return the statement; `copy` runs it with its rows."""
    quote = dialect.identifier_preparer
    columns = ", ".join(quote.quote(table.c[name].name) for name in names)
    statement = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN"
    return statement.replace("%%", "%")  # doubled for a driver that looks for parameters


def copy(cursor: psycopg.Cursor[Any], statement: str, rows: Iterable[Any], context: object) -> bool:
    """Run a COPY with its rows; for SQLAlchemy's event of a statement with many parameters."""
    if not statement.startswith("COPY "):
        return False
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    return True

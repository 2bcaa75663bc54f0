"""Statements for a whole batch: on PostgreSQL its rows travel together.

They are one parameter, JSON text; many new rows go by COPY. Rows with a column that JSON cannot
carry exactly go one by one, and so do all on SQLite, where no round trip is to be saved. Whichever
way a value goes, the type of its column makes it ready for the driver, as in any other statement.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Dialect, Table, any_, bindparam, cast
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from persistence.bulk.as_json import as_json, goes_as_json, insert_statement, update_statement
from persistence.bulk.copying import can_be_copied, copy_statement
from persistence.bulk.rows import Row, is_given, values

MANY = 100  # rows from which on a COPY, which takes more round trips, is faster

# Sorts UUIDs as PostgreSQL does; their own comparison is written in Python.
by_uuid = attrgetter("int")


def insert_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, which all have the same columns, in their order."""
    dialect, names = session.get_bind().dialect, tuple(rows[0])
    if len(rows) >= MANY and can_be_copied(dialect, table, names):
        statement = copy_statement(dialect, table, names)
        session.connection().exec_driver_sql(statement, values(dialect, table, rows))
    elif goes_as_json(dialect, table) and is_given(table, names):
        session.execute(insert_statement(dialect, table, names), as_json(dialect, table, rows))
    else:
        session.execute(table.insert(), rows)


def update_rows(session: Session, table: Table, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Update the rows whose columns `key` have the values given, which stay as they are."""
    dialect, names = session.get_bind().dialect, tuple(rows[0])
    if goes_as_json(dialect, table):
        statement = update_statement(dialect, table, tuple(key), names)
        session.execute(statement, as_json(dialect, table, rows))
        return
    longest = max(names, key=len)
    conditions = {name: f"key_{longest}_{name}" for name in key}  # no column has such a name
    change = table.update().values({n: bindparam(n) for n in names if n not in key})
    for name, parameter in conditions.items():
        change = change.where(table.c[name] == bindparam(parameter))
    session.execute(change, [r | {p: r[name] for name, p in conditions.items()} for r in rows])


def among(dialect: Dialect, of: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that the column has one of the values of the parameter `among`."""
    if dialect.name != "postgresql":
        return of.in_(bindparam("among", expanding=True))
    # Untyped, so that the cast makes an array of the parameter itself, not of a text each time.
    return of == any_(cast(bindparam("among", type_=NullType()), ARRAY(of.type)))


def among_these(dialect: Dialect, values: Iterable[UUID | int]) -> dict[str, Any]:
    """Return the parameter that `among` asks for."""
    if dialect.name != "postgresql":
        return {"among": list(values)}
    # One literal: the driver would escape a list element by element.
    return {"among": "{" + ",".join(map(str, values)) + "}"}

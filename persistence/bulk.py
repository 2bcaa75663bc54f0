"""Statements for a whole batch: on PostgreSQL its rows travel as one parameter, in one round trip.

The parameter is JSON text, as Python writes nothing faster. A table with a column that JSON cannot
carry exactly is written row by row, and so is SQLite, where no round trip is to be saved.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    TableValuedAlias,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from persistence.database import Timestamp

Row = dict[str, Any]

# Exactly these: a subclass may convert what it is given.
_CARRIED = {BigInteger, Boolean, Date, DateTime, Integer, LargeBinary, Numeric, SmallInteger}
_CARRIED |= {JSON, String, Text, Timestamp, Uuid}


# Sorts UUIDs as PostgreSQL does; their own comparison is written in Python.
by_uuid = attrgetter("int")


def insert_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, which all have the same columns, in their order."""
    columns = [table.c[name] for name in rows[0]]
    if not _goes_as_json(session, columns):
        session.execute(table.insert(), rows)
        return
    given = _as_table(columns)
    statement = table.insert().from_select([c.name for c in columns], select(*given.c))
    session.execute(statement, {"rows": _json(rows)})


def update_rows(session: Session, table: Table, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Update the rows whose columns `key` have the values given, which stay as they are."""
    columns = [table.c[name] for name in rows[0]]
    changed = [c.name for c in columns if c.name not in key]
    if not _goes_as_json(session, columns):
        statement = table.update().values({name: bindparam(name) for name in changed})
        for name in key:
            statement = statement.where(table.c[name] == bindparam(f"key_{name}"))
        session.execute(statement, [row | {f"key_{n}": row[n] for n in key} for row in rows])
        return
    given = _as_table(columns)
    statement = table.update().values({name: given.c[name] for name in changed})
    for name in key:
        statement = statement.where(table.c[name] == given.c[name])
    session.execute(statement, {"rows": _json(rows)})


def among(dialect: Dialect, of: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that the column has one of these values: UUIDs or integers."""
    if dialect.name != "postgresql":
        return of.in_(list(values))
    # One literal: the driver would escape a list element by element. Untyped, so that the cast
    # makes an array of the parameter itself, not of a text at every execution.
    literal = "{" + ",".join(map(str, values)) + "}"
    return of == any_(cast(bindparam(None, literal, type_=NullType()), ARRAY(of.type)))


def _goes_as_json(session: Session, columns: Iterable[Column[Any]]) -> bool:
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    return on_postgresql and all(type(column.type) in _CARRIED for column in columns)


def _as_table(columns: Iterable[Column[Any]]) -> TableValuedAlias:
    types = (column(c.name, c.type) for c in columns)
    rows = func.json_to_recordset(bindparam("rows", type_=NullType()))
    return rows.table_valued(*types).render_derived("given", with_types=True)


def _text(value: object) -> str:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, date):  # or a datetime, which is one
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"a {type(value).__name__} is no value of a column")


_json = json.JSONEncoder(default=_text, ensure_ascii=False, separators=(",", ":")).encode

"""Statements for a whole batch: on PostgreSQL its rows travel together.

They are one parameter, JSON text. Many new rows go by COPY, which the server reads faster, and
while Python still writes. Rows with a column that JSON cannot carry exactly go one by one, and so
do all on SQLite, where no round trip is to be saved.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Insert,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    TableValuedAlias,
    Text,
    Update,
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

MANY = 100  # rows from which on a COPY, which takes more round trips, is faster

Row = dict[str, Any]

# Exactly these: a subclass may convert what it is given.
_CARRIED = {BigInteger, Boolean, Date, DateTime, Integer, LargeBinary, Numeric, SmallInteger}
_CARRIED |= {JSON, String, Text, Timestamp, Uuid}


# Sorts UUIDs as PostgreSQL does; their own comparison is written in Python.
by_uuid = attrgetter("int")


def insert_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, which all have the same columns, in their order."""
    if len(rows) >= MANY and _can_be_copied(session, table):
        statement, processors = _copy(session.get_bind().dialect, table, tuple(rows[0]))
        columns = [
            [row[name] if process is None else process(row[name]) for row in rows]
            for name, process in processors.items()
        ]
        session.connection().exec_driver_sql(statement, list(zip(*columns, strict=True)))
    elif _goes_as_json(session, table):
        session.execute(_insert(table, tuple(rows[0])), {"rows": _json(rows)})
    else:
        session.execute(table.insert(), rows)


def update_rows(session: Session, table: Table, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Update the rows whose columns `key` have the values given, which stay as they are."""
    if _goes_as_json(session, table):
        session.execute(_update(table, tuple(key), tuple(rows[0])), {"rows": _json(rows)})
        return
    statement = table.update().values({n: bindparam(n) for n in rows[0] if n not in key})
    for name in key:
        statement = statement.where(table.c[name] == bindparam(f"key_{name}"))
    session.execute(statement, [row | {f"key_{n}": row[n] for n in key} for row in rows])


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


def _goes_as_json(session: Session, table: Table) -> bool:
    return _on_postgresql(session) and all(type(c.type) in _CARRIED for c in table.columns)


def _can_be_copied(session: Session, table: Table) -> bool:
    # A type that wraps its values in SQL has them only in statements.
    plain = (c.type.bind_expression(bindparam(None)) is None for c in table.columns)
    return _on_postgresql(session) and all(plain)


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


# Built once a table: to build them takes longer than to run them for a single row.
@cache
def _copy(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Return the statement, and what makes a column's values ready for the driver, where needed."""
    quote = dialect.identifier_preparer
    columns = ", ".join(map(quote.quote, names))
    types = {name: table.c[name].type.dialect_impl(dialect) for name in names}
    processors = {name: type.bind_processor(dialect) for name, type in types.items()}
    return f"COPY {quote.format_table(table)} ({columns}) FROM STDIN", processors


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    return table.insert().from_select(names, select(*_given(table, names).c))


@cache
def _update(table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Update:
    given = _given(table, names)
    statement = table.update().values({name: given.c[name] for name in names if name not in key})
    for name in key:
        statement = statement.where(table.c[name] == given.c[name])
    return statement


def _given(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    """Return the parameter `rows` as a table."""
    types = (column(name, table.c[name].type) for name in names)
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

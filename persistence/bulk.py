"""Statements for a whole batch: on PostgreSQL its rows travel together.

They are one parameter, JSON text. Many new rows go by COPY, which the server reads faster, and
while Python still writes. Rows with a column that JSON cannot carry exactly go one by one, and so
do all on SQLite, where no round trip is to be saved. Whichever way a value goes, the type of its
column makes it ready for the driver, as in any other statement.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg import Binary
from psycopg.types.json import Json, Jsonb
from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Enum,
    Float,
    Insert,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
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
from sqlalchemy.types import NullType, TypeEngine

from persistence.database import Timestamp

MANY = 100  # rows from which on a COPY, which takes more round trips, is faster

Row = dict[str, Any]  # values by the keys of their columns

_CARRIED = (Boolean, Date, DateTime, Integer, JSON, LargeBinary, Numeric, String, Timestamp, Uuid)
_NOT_CARRIED = (Enum, Float)  # kinds of the former; JSON has no infinity


# Sorts UUIDs as PostgreSQL does; their own comparison is written in Python.
by_uuid = attrgetter("int")


def insert_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, which all have the same columns, in their order."""
    dialect, names = session.get_bind().dialect, tuple(rows[0])
    if len(rows) >= MANY and _can_be_copied(dialect, table, names):
        statement = _copy(dialect, table, names)
        session.connection().exec_driver_sql(statement, _values(dialect, table, rows))
    elif _goes_as_json(dialect, table) and _is_given(table, names):
        session.execute(_insert(dialect, table, names), {"rows": _json(dialect, table, rows)})
    else:
        session.execute(table.insert(), rows)


def update_rows(session: Session, table: Table, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Update the rows whose columns `key` have the values given, which stay as they are."""
    dialect, names = session.get_bind().dialect, tuple(rows[0])
    if _goes_as_json(dialect, table):
        statement = _update(dialect, table, tuple(key), names)
        session.execute(statement, {"rows": _json(dialect, table, rows)})
        return
    longest = max(names, key=len)
    conditions = {name: f"key_{longest}_{name}" for name in key}  # no column has such a name
    statement = table.update().values({n: bindparam(n) for n in names if n not in key})
    for name, parameter in conditions.items():
        statement = statement.where(table.c[name] == bindparam(parameter))
    session.execute(statement, [r | {p: r[name] for name, p in conditions.items()} for r in rows])


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


@cache
def _goes_as_json(dialect: Dialect, table: Table) -> bool:
    return dialect.name == "postgresql" and all(
        isinstance(type, _CARRIED) and not isinstance(type, _NOT_CARRIED)
        for type in _types(dialect, table).values()
    )


@cache
def _can_be_copied(dialect: Dialect, table: Table, names: tuple[str, ...]) -> bool:
    # A type that wraps its values in SQL has them only in statements.
    plain = (t.bind_expression(bindparam(None)) is None for t in _types(dialect, table).values())
    return dialect.name == "postgresql" and all(plain) and _is_given(table, names)


def _is_given(table: Table, names: tuple[str, ...]) -> bool:
    """Tell whether no value is left to a default that SQLAlchemy makes for each row."""
    return all(column.key in names or column.default is None for column in table.columns)


def _types(dialect: Dialect, table: Table) -> dict[str, TypeEngine[Any]]:
    return {column.key: column.type.dialect_impl(dialect) for column in table.columns}


def _values(dialect: Dialect, table: Table, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return the values as the driver takes them."""
    columns = [
        [row[name] if process is None else process(row[name]) for row in rows]
        for name, process in _processors(dialect, table, tuple(rows[0])).items()
    ]
    return list(zip(*columns, strict=True))


def _json(dialect: Dialect, table: Table, rows: Sequence[Row]) -> str:
    names = tuple(rows[0])
    return _encode([dict(zip(names, row, strict=True)) for row in _values(dialect, table, rows)])


# Built once a table: to build them takes longer than to run them for a single row.
@cache
def _processors(dialect: Dialect, table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    types = _types(dialect, table)
    return {name: types[name].bind_processor(dialect) for name in names}


@cache
def _copy(dialect: Dialect, table: Table, names: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer
    columns = ", ".join(quote.quote(table.c[name].name) for name in names)
    statement = f"COPY {quote.format_table(table)} ({columns}) FROM STDIN"
    return statement.replace("%%", "%")  # doubled for a driver that looks for parameters


@cache
def _insert(dialect: Dialect, table: Table, names: tuple[str, ...]) -> Insert:
    return table.insert().from_select(names, select(*_given(dialect, table, names).values()))


@cache
def _update(dialect: Dialect, table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Update:
    given = _given(dialect, table, names)
    statement = table.update().values({name: given[name] for name in names if name not in key})
    for name in key:
        statement = statement.where(table.c[name] == given[name])
    return statement


def _given(dialect: Dialect, table: Table, names: tuple[str, ...]) -> dict[str, ColumnElement[Any]]:
    """Return the columns of the parameter `rows`, which is a table."""
    types = _types(dialect, table)
    # JSON in JSON is text at first: so it may be null, and is what a COPY would bring.
    nested = {name for name in names if isinstance(types[name], JSON)}
    columns = (column(n, Text() if n in nested else table.c[n].type) for n in names)
    rows = func.json_to_recordset(bindparam("rows", type_=NullType())).table_valued(*columns)
    given = rows.render_derived(f"given_{table.name}", with_types=True).c
    return {n: cast(given[n], table.c[n].type) if n in nested else given[n] for n in names}


def _text(value: object) -> str:
    """Return the text that PostgreSQL reads for a value that JSON does not know."""
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, date):  # or a datetime, which is one
        return value.isoformat()
    if isinstance(value, Binary):
        return f"\\x{bytes(value.obj).hex()}"
    if isinstance(value, Json | Jsonb):
        return json.dumps(value.obj)  # the driver's way
    raise TypeError(f"a {type(value).__name__} is no value of a column")


_encode = json.JSONEncoder(default=_text, ensure_ascii=False, separators=(",", ":")).encode

"""Rows as one parameter, JSON text, which PostgreSQL makes rows of again."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import Binary
from psycopg.types.json import Json, Jsonb
from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
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
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import NullType

from persistence.bulk.rows import Row, needs_no_sql, plain, types, values

_CARRIED = (Boolean, Date, DateTime, Integer, JSON, LargeBinary, Numeric, String, Uuid)
_NOT_CARRIED = Float  # a kind of Numeric; JSON has no infinity


@cache
def goes_as_json(dialect: Dialect, table: Table) -> bool:
    """Tell whether JSON carries every column exactly, whatever types decorate what it carries."""
    return (
        dialect.name == "postgresql"
        and needs_no_sql(dialect, table)
        and all(
            isinstance(carried, _CARRIED) and not isinstance(carried, _NOT_CARRIED)
            for carried in map(plain, types(dialect, table).values())
        )
    )


def as_json(dialect: Dialect, table: Table, rows: Sequence[Row]) -> dict[str, str]:
    """Return the parameter of the statements below."""
    names = tuple(rows[0])
    given = (dict(zip(names, row, strict=True)) for row in values(dialect, table, rows))
    return {"rows": _encode(list(given))}


@cache
def insert_statement(dialect: Dialect, table: Table, names: tuple[str, ...]) -> Insert:
    return table.insert().from_select(names, select(*_given(dialect, table, names).values()))


@cache
def update_statement(
    dialect: Dialect, table: Table, key: tuple[str, ...], names: tuple[str, ...]
) -> Update:
    given = _given(dialect, table, names)
    statement = table.update().values({name: given[name] for name in names if name not in key})
    for name in key:
        statement = statement.where(table.c[name] == given[name])
    return statement


def _given(dialect: Dialect, table: Table, names: tuple[str, ...]) -> dict[str, ColumnElement[Any]]:
    """Return the columns of the parameter `rows`, which is a table."""
    # Their values are ready: what decorates a type has had its turn.
    of = {name: plain(types(dialect, table)[name]) for name in names}
    # JSON in JSON is text at first: so it may be null, and is what a COPY would bring.
    nested = {name for name in names if isinstance(of[name], JSON)}
    columns = (column(n, Text() if n in nested else of[n]) for n in names)
    rows = func.json_to_recordset(bindparam("rows", type_=NullType())).table_valued(*columns)
    given = rows.render_derived(f"given_{table.name}", with_types=True).c
    return {n: cast(given[n], of[n]) if n in nested else given[n] for n in names}


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

"""The rows of a batch, made ready for the driver by the types of their columns."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam
from sqlalchemy.types import TypeDecorator, TypeEngine

from persistence.exceptions import Refused

Row = dict[str, Any]  # values by the keys of their columns


def values(dialect: Dialect, table: Table, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return the values as the driver takes them; raise `Refused` where one is none."""
    columns = [
        _column(table, name, process, rows)
        for name, process in _processors(dialect, table, tuple(rows[0])).items()
    ]
    return list(zip(*columns, strict=True))


def _column(table: Table, name: str, process: Any, rows: Sequence[Row]) -> list[Any]:
    if process is None:
        return [row[name] for row in rows]
    try:
        return [process(row[name]) for row in rows]
    except Exception as error:  # a type of anybody's own can raise anything
        why = f"{type(error).__name__}: {error}"
        raise Refused(f"Column {table.name}.{name} cannot take a value: {why}.") from error


@cache
def types(dialect: Dialect, table: Table) -> dict[str, TypeEngine[Any]]:
    """Return the types that the columns have on this database."""
    return {column.key: column.type.dialect_impl(dialect) for column in table.columns}


def plain(type: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return what the database knows a type as, without what decorates it."""
    while isinstance(type, TypeDecorator):
        type = type.impl_instance
    return type


@cache
def needs_no_sql(dialect: Dialect, table: Table) -> bool:
    """Tell whether no type wraps its values in SQL, which it can in statements only."""
    every = types(dialect, table).values()
    return all(type.bind_expression(bindparam(None)) is None for type in every)


def is_given(table: Table, names: tuple[str, ...]) -> bool:
    """Tell whether no value is left to a default that SQLAlchemy makes for each row."""
    return all(column.key in names or column.default is None for column in table.columns)


# Built once a table: to build them takes longer than to run them for a single row.
@cache
def _processors(dialect: Dialect, table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    of = types(dialect, table)
    return {name: of[name].bind_processor(dialect) for name in names}

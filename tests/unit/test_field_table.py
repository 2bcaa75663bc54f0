"""The table of docs/fields.md: each row's names exist, and its value goes all the way and back."""

import enum
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple, get_origin
from uuid import UUID

import pytest
import sqlalchemy
from sqlalchemy import Column, Integer, MetaData, Table, select

import persistence.columns
import schemas.fields
from persistence.columns.forms import form_of
from schemas.fields.fast import FastSchema
from tests.support.project import ROOT

DOCS = (ROOT / "docs" / "fields.md").read_text()


class Row(NamedTuple):
    """One row of the table, as it stands there."""

    python: str
    wire: str
    field: str
    column: str


ROWS = [Row(*re.findall(r"`([^`]+)`", line)) for line in DOCS.splitlines() if line[:3] == "| `"]

FIELDS: dict[str, Any] = {name: getattr(schemas.fields, name) for name in schemas.fields.__all__}
PYTHON: dict[str, Any] = {
    **{"Enum": enum.Enum, "dataclass": dataclass, "Decimal": Decimal},
    **{"date": date, "datetime": datetime, "UUID": UUID},
}
(PARTS,) = re.findall(r"its schema:\n\n```python\n(.*?)```", DOCS, re.DOTALL)
_domain, _schema = PARTS.split("class LineSchema")
exec(compile(_domain, "fields.md", "exec"), PYTHON)
FIELDS.update(Line=PYTHON["Line"], Status=PYTHON["Status"])
exec(compile(f"class LineSchema{_schema}", "fields.md", "exec"), FIELDS)
COLUMNS = {
    **{
        name: getattr(sqlalchemy, name)
        for name in ("Text", "BigInteger", "Boolean", "Date", "Uuid")
    },
    **{name: getattr(persistence.columns, name) for name in persistence.columns.__all__},
    **{name: PYTHON[name] for name in ("Line", "Status")},
}
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.python)


def value_of(row: Row) -> Any:
    return schema_of(row).read({"field": json.loads(row.wire)})["field"]


def schema_of(row: Row) -> FastSchema:
    return type("One", (FastSchema,), {"field": eval(row.field, FIELDS)})()


def test_every_field_has_a_row():
    named = {name for row in ROWS for name in re.findall(r"[A-Z]\w+(?=\()", row.field)}
    assert named == set(schemas.fields.__all__) - {"Field", "PartSchema"}


def test_every_column_of_ours_has_a_row():
    named = {name for row in ROWS for name in re.findall(r"[A-Z]\w+(?=\()", row.column)}
    assert named >= set(persistence.columns.__all__) - {"SerialKey", "metadata"}


@every_row
def test_what_the_field_reads_is_of_the_python_type(row):
    kind = eval(row.python, PYTHON)
    value = value_of(row)
    assert type(value) is (get_origin(kind) or kind)
    form_of(kind).write(value)  # which refuses what is of another type inside


@every_row
def test_what_the_field_writes_is_what_it_read(row):
    written = schema_of(row).write(SimpleNamespace(field=value_of(row)))
    assert written == {"field": json.loads(row.wire)}


@every_row
def test_what_the_column_takes_it_gives_back(row, database):
    column = Column("value", eval(row.column, dict(COLUMNS)))
    table = Table("tried", MetaData(), Column("id", Integer, primary_key=True), column)
    with database.engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), {"id": 1, "value": value_of(row)})
        assert connection.scalar(select(column)) == value_of(row)

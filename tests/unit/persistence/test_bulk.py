"""A batch's rows arrive as they were given, whichever way they travel."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum as PythonEnum
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Dialect,
    Enum,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    cast,
    event,
    func,
    select,
    text,
)
from sqlalchemy.orm import Session

from persistence.bulk import MANY, among, among_these, insert_rows, update_rows
from persistence.columns import Timestamp
from persistence.database import Database
from persistence.exceptions import Collision, PersistenceError, Refused, StorageUnavailable
from persistence.translation import driver_errors

goods = Table(
    "goods",
    MetaData(),
    Column("shelf", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("number", Integer),
    Column("price", Numeric(12, 4)),
    Column("sold", Boolean),
    Column("day", Date),
    Column("at", Timestamp),
    Column("picture", LargeBinary),
    Column("notes", JSON(none_as_null=True)),
)
weights = Table(
    "weights", MetaData(), Column("id", Integer, primary_key=True), Column("grams", Float)
)


class Shouted(TypeDecorator[str]):
    """Its values pass through SQL, which only a statement has."""

    impl = Text
    cache_ok = True

    def bind_expression(self, bindparam: Any) -> Any:
        return func.upper(bindparam)


shouts = Table(
    "shouts", MetaData(), Column("id", Integer, primary_key=True), Column("text", Shouted)
)


class Doubled(TypeDecorator[str]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value * 2


odd = Table(
    "given",
    MetaData(),
    Column("Id %", Integer, key="number", primary_key=True),
    Column("key_number", Text),
    Column("rate%", Integer, key="rate"),
    Column("made", Integer, default=lambda: next(counter)),
)
typed = Table(
    "typed",
    MetaData(),
    Column("id", Uuid(native_uuid=False), primary_key=True),
    Column("text", Text().with_variant(Doubled(), "postgresql", "sqlite")),
    Column("notes", JSON),
    Column("at", Timestamp),
    Column("picture", LargeBinary),
)
counter = count(1)


class Colour(PythonEnum):
    RED = "red"
    BLUE = "blue"


class Tags(TypeDecorator[set[str]]):
    """JSON of a team's own making."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: set[str] | None, dialect: Dialect) -> list[str] | None:
        return value and sorted(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> set[str] | None:
        return value and set(value)


class Whispered(TypeDecorator[str]):
    """Its values pass through SQL when they are read, never when they are written."""

    impl = Text
    cache_ok = True

    def column_expression(self, column: Any) -> Any:
        return func.lower(column)


own = Table(
    "own",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("native", Enum(Colour, name="colour")),
    Column("plain", Enum(Colour, native_enum=False)),
    Column("tags", Tags),
    Column("whispered", Whispered),
)
OWN = {"native": Colour.RED, "plain": Colour.BLUE, "tags": {"b", "a"}, "whispered": "LOUD"}

EMPTY = dict.fromkeys(("number", "price", "sold", "day", "at", "picture", "notes"))
FULL = {
    "shelf": 'žluť "quoted" \\ {}',
    "id": UUID(int=2**100 + 7),
    "number": -7,
    "price": Decimal("12345678.0001"),
    "sold": True,
    "day": date(2024, 2, 29),
    "at": datetime(2026, 1, 2, 3, 4, 5, 678901, timezone(timedelta(hours=-5))),
    "picture": b"\0\xff\\x",
    "notes": {"a": [1, None, "ž"], "b": {}},
}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database.engine) as session:
        for table in (goods, weights, shouts, odd, typed, own):
            table.create(session.connection())
        yield session


def stored(session: Session) -> list[dict[str, object]]:
    return [dict(row) for row in session.execute(select(goods).order_by(goods.c.id)).mappings()]


@pytest.mark.parametrize("number", [2, MANY])
def test_rows_come_back_as_they_were_inserted(session, number):
    empty = [{"shelf": "", "id": UUID(int=n), **EMPTY} for n in range(number - 1)]
    insert_rows(session, goods, [FULL, *empty])
    assert stored(session) == [*empty, {**FULL, "at": FULL["at"].astimezone(UTC)}]


def test_an_update_changes_the_rows_of_its_keys_and_no_others(session):
    rows = [{"shelf": s, "id": UUID(int=n), **EMPTY} for n, s in enumerate(["a", "b", "b"])]
    insert_rows(session, goods, rows)
    changes = [{**FULL, "shelf": "b", "id": UUID(int=1)}, {**FULL, "shelf": "a", "id": UUID(int=2)}]
    update_rows(session, goods, ["shelf", "id"], changes)
    assert [row["number"] for row in stored(session)] == [None, -7, None]


@pytest.mark.parametrize("number", [2, MANY])
def test_a_value_that_json_cannot_carry_is_stored_exactly(session, number):
    grams = [float("inf"), *[0.1] * (number - 1)]
    insert_rows(session, weights, [{"id": n, "grams": value} for n, value in enumerate(grams)])
    assert session.scalars(select(weights.c.grams).order_by(weights.c.id)).all() == grams


@pytest.mark.parametrize("number", [2, MANY])
def test_a_value_that_passes_through_sql_does_so(session, number):
    insert_rows(session, shouts, [{"id": n, "text": "quiet"} for n in range(number)])
    assert set(session.scalars(select(shouts.c.text))) == {"QUIET"}


def test_an_update_of_a_value_that_passes_through_sql_does_so(session):
    insert_rows(session, shouts, [{"id": 1, "text": ""}])
    update_rows(session, shouts, ["id"], [{"id": 1, "text": "quiet"}])
    assert session.scalar(select(shouts.c.text)) == "QUIET"


@pytest.mark.parametrize("number", [2, MANY])
def test_types_of_a_team_s_own_store_what_they_say(session, number):
    insert_rows(session, own, [{"id": n, **OWN} for n in range(number)])
    update_rows(session, own, ["id"], [{"id": 0, **OWN, "native": Colour.BLUE}])
    first, second = session.execute(select(own).order_by(own.c.id).limit(2)).mappings()
    assert dict(first) == {"id": 0, **OWN, "native": Colour.BLUE, "whispered": "loud"}
    assert dict(second) == {"id": 1, **OWN, "whispered": "loud"}


def test_what_is_only_whispered_is_stored_as_it_is(session):
    insert_rows(session, own, [{"id": 1, **OWN}])
    update_rows(session, own, ["id"], [{"id": 1, **OWN}])
    assert session.execute(text("SELECT whispered FROM own")).scalar() == "LOUD"


@pytest.mark.parametrize(("table", "row"), [(own, {"id": 1, **OWN}), (typed, None)])
def test_types_of_a_team_s_own_go_the_fast_way(postgresql, table, row):
    rows = [row] if row else typed_rows(1, "text", "")
    statements: list[str] = []
    with Session(postgresql.engine) as session:
        table.create(session.connection())
        event.listen(postgresql.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        insert_rows(session, table, rows)
        update_rows(session, table, ["id"], rows)
    assert all("json_to_recordset" in statement for statement in statements)
    assert len(statements) == 2


FAR_EAST = datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=23, minutes=59)))
# How a value is stored shall not depend on how much there is to do.
TYPED = [
    ("text", "ab", "abab"),
    ("notes", None, "null"),
    ("notes", {"nul": "\0", "ž": [1.5, None]}, '{"nul": "\\u0000", "\\u017e": [1.5, null]}'),
    ("at", FAR_EAST, FAR_EAST),
    ("picture", bytearray(b"\0\xff"), b"\0\xff"),
    ("picture", memoryview(b"\0\xff"), b"\0\xff"),
]


def typed_rows(number: int, name: str, value: object) -> list[dict[str, Any]]:
    plain = {"text": "", "notes": 0, "at": None, "picture": None}
    return [{**plain, "id": UUID(int=n), name: value} for n in range(number)]


def values(session: Session, name: str) -> set[object]:
    """Return what is stored; of JSON, its text."""
    column = typed.c[name]
    return set(session.scalars(select(cast(column, Text) if name == "notes" else column)))


@pytest.mark.parametrize("number", [2, MANY])
@pytest.mark.parametrize(("name", "value", "expected"), TYPED)
def test_a_value_is_stored_as_its_type_says_however_many_there_are(
    session, number, name, value, expected
):
    insert_rows(session, typed, typed_rows(number, name, value))
    assert values(session, name) == {expected}


@pytest.mark.parametrize(("name", "value", "expected"), TYPED)
def test_an_update_stores_a_value_as_its_type_says(session, name, value, expected):
    insert_rows(session, typed, typed_rows(2, "text", ""))
    update_rows(session, typed, ["id"], typed_rows(2, name, value))
    assert values(session, name) == {expected}


@pytest.mark.parametrize("number", [2, MANY])
def test_names_that_need_care_get_it(session, number):
    rows = [{"number": n, "key_number": "a", "rate": 5, "made": 0} for n in range(number)]
    insert_rows(session, odd, rows)
    update_rows(session, odd, ["number"], [{**rows[1], "key_number": "b", "rate": 15}])
    assert session.execute(select(odd).limit(3).order_by(odd.c.number)).all()[:2] == [
        (0, "a", 5, 0),
        (1, "b", 15, 0),
    ]


@pytest.mark.parametrize("number", [2, MANY])
def test_a_default_that_is_made_for_each_row_is_made(session, number):
    rows = [{"number": n, "key_number": "a", "rate": 5} for n in range(number)]
    insert_rows(session, odd, rows)
    assert len(set(session.scalars(select(odd.c.made))) - {None}) == number


@pytest.mark.parametrize("number", [2, MANY])
def test_rows_of_a_view_are_never_an_outage(postgresql, number):
    with Session(postgresql.engine) as session:
        weights.create(session.connection())
        session.execute(text("CREATE VIEW loads AS SELECT * FROM weights"))
        loads = weights.to_metadata(MetaData(), name="loads")
        insert_rows(session, loads, [{"id": 0, "grams": 0.0}])
        rows = [{"id": n, "grams": 0.0} for n in range(1, 1 + number)]
        with pytest.raises(Refused) if number == MANY else nullcontext(), driver_errors():
            insert_rows(session, loads, rows)  # a batch that is refused comes again in halves


@pytest.mark.parametrize("number", [1, MANY])
def test_a_text_that_is_no_unicode_is_refused(database, number):
    assert_refused(database, "\ud800", number)


@pytest.mark.parametrize("number", [1, MANY])
def test_a_text_that_postgresql_cannot_store_is_refused(postgresql, number):
    assert_refused(postgresql, "\0", number)


def assert_refused(database: Database, text: str, number: int) -> None:
    with driver_errors(), Session(database.engine) as session:
        goods.create(session.connection())
        rows = [{"shelf": text, "id": UUID(int=n), **EMPTY} for n in range(number)]
        with pytest.raises((PersistenceError, UnicodeEncodeError)), driver_errors():
            insert_rows(session, goods, rows)


@pytest.mark.parametrize(("number", "verb"), [(MANY - 1, "INSERT"), (MANY, "COPY")])
def test_a_batch_is_one_statement_on_postgresql(postgresql, number, verb):
    statements: list[str] = []
    with Session(postgresql.engine) as session:
        goods.create(session.connection())
        event.listen(postgresql.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        rows = [{"shelf": "a", "id": UUID(int=n), **EMPTY} for n in range(number)]
        insert_rows(session, goods, rows)
        update_rows(session, goods, ["shelf", "id"], rows)
    assert [statement.split()[0] for statement in statements] == [verb, "UPDATE"]
    assert not any("VALUES" in statement for statement in statements)


@pytest.mark.parametrize("wanted", [[], [1], [0, 2, 9]])
def test_among_finds_what_is_there(session, wanted):
    rows = [{"shelf": "a", "id": UUID(int=n), **EMPTY} for n in range(3)]
    insert_rows(session, goods, rows)
    dialect = session.get_bind().dialect
    query = select(goods.c.id).where(among(dialect, goods.c.id))
    found = session.scalars(query, among_these(dialect, [UUID(int=n) for n in wanted])).all()
    assert {id.int for id in found} == set(wanted) & {0, 1, 2}


@pytest.mark.parametrize("number", [1, MANY, 50 * MANY])
def test_a_key_that_is_there_is_a_collision(postgresql, number):
    rows = [{"id": n, "grams": 0.0} for n in range(number)]
    with Session(postgresql.engine) as session:
        weights.create(session.connection())
        insert_rows(session, weights, rows[:1])
        with pytest.raises(Collision), driver_errors():
            insert_rows(session, weights, rows)


@pytest.mark.parametrize("number", [1, MANY])
def test_a_connection_that_is_lost_meanwhile_is_replaced(postgresql, number):
    rows = [{"id": n, "grams": 0.0} for n in range(number)]
    with Session(postgresql.engine) as session, Session(postgresql.engine) as other:
        weights.create(session.connection())
        session.commit()
        server_process = session.scalar(select(func.pg_backend_pid()))
        other.execute(select(func.pg_terminate_backend(server_process)))
        with pytest.raises(StorageUnavailable), driver_errors():
            insert_rows(session, weights, rows)
    with Session(postgresql.engine) as session:
        insert_rows(session, weights, rows)
        assert session.scalar(select(func.count()).select_from(weights)) == number

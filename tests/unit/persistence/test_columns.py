"""What a column takes it gives back exactly, on both databases, alone and in a batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NewType
from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, select, text
from sqlalchemy.orm import Session

from persistence.bulk import MANY, insert_rows, update_rows
from persistence.bulk.as_json import goes_as_json
from persistence.columns import Choice, ExactDecimal, ValueObject
from persistence.database import Database
from persistence.exceptions import Refused
from persistence.translation import driver_errors


class Status(Enum):
    OPEN = "open"
    CLOSED = "closed"


ProductID = NewType("ProductID", UUID)


@dataclass(frozen=True)
class Line:
    product: ProductID
    price: Decimal
    status: Status = Status.OPEN
    notes: tuple[str, ...] = ()
    sizes: dict[str, int] | None = None
    since: date | None = None
    at: datetime | None = None
    is_gift: bool = False


goods = Table(
    "goods",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("price", ExactDecimal(18, 2)),
    Column("status", Choice(Status)),
    Column("lines", ValueObject(tuple[Line, ...])),
)

PLAIN = Line(ProductID(UUID(int=7)), Decimal("1.00"))
FULL = Line(
    ProductID(UUID(int=2**100)),
    Decimal("-12345678901234567890.123"),
    Status.CLOSED,
    ('žluť \0 "', ""),
    {"ž": -(2**70)},
    date(2024, 2, 29),
    datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    True,
)
ROWS = [
    {"id": 0, "price": Decimal("9007199254740993.01"), "status": Status.OPEN, "lines": (FULL,)},
    {"id": 1, "price": Decimal("-0.01"), "status": Status.CLOSED, "lines": ()},
    {"id": 2, "price": None, "status": None, "lines": None},
    {"id": 3, "price": Decimal("9999999999999999.99"), "status": None, "lines": (PLAIN, FULL)},
]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database.engine) as session:
        goods.create(session.connection())
        yield session


def stored(session: Session) -> list[dict[str, Any]]:
    query = select(goods).where(goods.c.id < len(ROWS)).order_by(goods.c.id)
    return [dict(row) for row in session.execute(query).mappings()]


def filling(number: int) -> list[dict[str, Any]]:
    return [{**ROWS[2], "id": n} for n in range(len(ROWS), number)]


@pytest.mark.parametrize("number", [len(ROWS), MANY])
def test_rows_come_back_as_they_were_inserted(session, number):
    insert_rows(session, goods, [*ROWS, *filling(number)])
    assert stored(session) == ROWS


def test_rows_come_back_as_they_were_updated(session):
    insert_rows(session, goods, [{**ROWS[2], "id": row["id"]} for row in ROWS])
    update_rows(session, goods, ["id"], ROWS)
    assert stored(session) == ROWS


def test_a_single_statement_stores_as_a_batch_does(session):
    session.execute(goods.insert(), ROWS)
    assert stored(session) == ROWS


def test_they_all_go_the_fast_way(postgresql):
    assert goes_as_json(postgresql.engine.dialect, goods)


def put(session: Session, *prices: str) -> None:
    insert_rows(
        session, goods, [{**ROWS[2], "id": n, "price": Decimal(p)} for n, p in enumerate(prices)]
    )


def test_the_difference_of_two_large_amounts_is_exact(session):
    put(session, "9007199254740993.01", "9007199254740992.99")
    first, second = session.scalars(select(goods.c.price).order_by(goods.c.id))
    assert str(first - second) == "0.02"


def test_sql_sums_exactly(session):
    put(session, "9007199254740993.01", "-9007199254740992.99")
    assert str(session.scalar(select(func.sum(goods.c.price)))) == "0.02"


def test_sql_adds_and_subtracts_exactly(session):
    put(session, "9007199254740993.01")
    less = goods.c.price - Decimal("9007199254740992.99")
    assert session.execute(select(less, less + 1, -goods.c.price)).one() == (
        Decimal("0.02"),
        Decimal("1.02"),
        Decimal("-9007199254740993.01"),
    )


def test_sql_compares_numbers_and_not_texts(session):
    put(session, "10.00", "9.00", "-1.00")
    cheap = select(goods.c.id).where(goods.c.price < 10).order_by(goods.c.price)
    assert session.scalars(cheap).all() == [2, 1]


def test_a_number_always_has_its_places(session):
    put(session, "5")
    assert str(session.scalar(select(goods.c.price))) == "5.00"


@pytest.mark.parametrize("number", [1, MANY])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (Decimal("1.005"), r"a number does not fit ExactDecimal\(18, 2\): round it"),
        (Decimal("1e16"), r"a number does not fit ExactDecimal\(18, 2\)"),
        (Decimal("NaN"), r"a number does not fit ExactDecimal\(18, 2\)"),
        (Decimal("-Infinity"), r"a number does not fit ExactDecimal\(18, 2\)"),
        (1.5, r"ExactDecimal\(18, 2\) takes a Decimal, and no float"),
        (True, r"ExactDecimal\(18, 2\) takes a Decimal, and no bool"),
    ],
)
def test_a_number_that_would_be_rounded_is_refused(session, value, error, number):
    rows = [{**ROWS[2], "id": n, "price": value} for n in range(number)]
    with pytest.raises(Refused, match=error), driver_errors():
        insert_rows(session, goods, rows)


def test_what_is_refused_is_named_by_its_column(postgresql):
    named = pytest.raises(Refused, match=r"^Column goods\.price cannot take a value: TypeError: ")
    with Session(postgresql.engine) as session, named:
        insert_rows(session, goods, [{**ROWS[2], "id": 1, "price": "1.00"}])


@pytest.mark.parametrize(
    "calculate",
    [lambda c: c * 2, lambda c: 2 * c, lambda c: c / 2, lambda c: c // 2, lambda c: c % 2],
)
def test_what_sqlite_would_do_wrong_is_refused_on_both(calculate):
    with pytest.raises(TypeError, match="not multiplied or divided in SQL"):
        calculate(goods.c.price)


@pytest.mark.parametrize("calculate", [lambda a, b: a + b, lambda a, b: a < b])
def test_numbers_of_different_places_do_not_meet_in_sql(calculate):
    other = Column("other", ExactDecimal(18, 4))
    with pytest.raises(TypeError, match=r"ExactDecimal\(18, 2\) and ExactDecimal\(18, 4\)"):
        calculate(goods.c.price, other)


def test_what_is_no_whole_number_of_cents_is_not_guessed_at(sqlite):
    with Session(sqlite.engine) as session:
        goods.create(session.connection())
        session.execute(text("INSERT INTO goods (id, price) VALUES (1, 0.5)"))
        with pytest.raises(TypeError, match="a float was stored as ExactDecimal"):
            session.scalar(select(goods.c.price))


@pytest.mark.parametrize(("digits", "places"), [(19, 2), (2, 3), (2, -1)])
def test_a_number_that_cannot_be_stored_exactly_is_refused_in_the_program(digits, places):
    with pytest.raises(ValueError, match="at most 18 digits can be stored exactly"):
        ExactDecimal(digits, places)


def test_a_choice_is_found_by_its_member(session):
    insert_rows(session, goods, ROWS)
    found = select(goods.c.id).where(goods.c.status == Status.CLOSED)
    assert session.scalars(found).all() == [1]


def test_a_choice_is_the_text_of_its_value(session):
    insert_rows(session, goods, ROWS)
    assert session.execute(text("SELECT status FROM goods WHERE id = 0")).scalar() == "open"


def test_what_is_no_member_is_refused(session):
    with pytest.raises(Refused, match=r"Choice\(Status\) takes no str"), driver_errors():
        insert_rows(session, goods, [{**ROWS[1], "status": "open"}])


def test_an_enumeration_whose_values_are_no_texts_is_refused_in_the_program():
    with pytest.raises(TypeError, match=r'Level\.LOW has no text.*such as LOW = "low"$'):
        Choice(Level)


class Level(Enum):
    LOW = 1


def test_a_value_object_is_found_by_its_equal(session):
    insert_rows(session, goods, ROWS)
    found = select(goods.c.id).where(goods.c.lines == (FULL,))
    assert session.scalars(found).all() == [0]


@pytest.mark.parametrize(
    "value",
    [
        (Line(ProductID(UUID(int=7)), 1.5),),
        (Line("7", Decimal(1)),),
        (Line(ProductID(UUID(int=7)), Decimal(1), since=datetime(2026, 1, 1)),),
        (Line(ProductID(UUID(int=7)), Decimal(1), sizes={1: 1}),),
        [PLAIN],
        ("line",),
    ],
)
def test_a_value_that_would_come_back_as_another_is_refused(session, value):
    with pytest.raises(Refused, match="stands where a"), driver_errors():
        insert_rows(session, goods, [{**ROWS[2], "lines": value}])


@pytest.mark.parametrize(
    "kind",
    [float, bytes, set[int], tuple[int, str], dict[int, int], int | str, Level, list[float], Any],
)
def test_a_type_that_has_no_exact_form_is_refused_in_the_program(kind):
    with pytest.raises(TypeError, match="cannot be stored exactly in a ValueObject: use str, int"):
        ValueObject(kind)


def test_a_part_that_was_added_later_has_its_default(session):
    body = f'{{"product":"{PLAIN.product}","price":"1.00"}}'
    session.execute(text("INSERT INTO goods (id, lines) VALUES (1, :l)"), {"l": f"[{body}]"})
    assert session.scalar(select(goods.c.lines)) == (PLAIN,)

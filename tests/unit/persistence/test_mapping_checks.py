"""What an author forgets when he maps a DTO is told in one sentence."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Column,
    Double,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    cast,
)
from sqlalchemy.orm import column_property, composite, registry, relationship

from persistence.columns import ExactDecimal
from persistence.exceptions import MappingError
from persistence.mapping_checks import check_mapping
from tests.sample.thing import ThingDTO
from tests.sample.thing_table import MAPPING

HERE = f"{__name__}."


def col(name: str, kind: Any = None) -> Column[Any]:
    kinds = {"id": Uuid(), "version": Integer()}
    return Column(name, kind or kinds.get(name, Text()), primary_key=name == "id")


def mapped(dto_class: type[Any], *columns: Column[Any], **properties: Any) -> type[Any]:
    """Map the class to a table `accounts` of these columns."""
    table = Table("accounts", MetaData(), *columns)
    registry().map_imperatively(dto_class, table, properties=properties)
    return dto_class


def fault(dto_class: type[Any]) -> str:
    with pytest.raises(MappingError) as error:
        check_mapping(dto_class)
    return str(error.value).replace(HERE, "")


def account(*more: tuple[str, Any]) -> type[Any]:
    """Make a DTO class with these fields besides `id` and `version`."""
    names = {"id": UUID, "version": int, **dict(more)}
    made = type("Account", (), {"__annotations__": names, "__module__": HERE.rstrip(".")})
    return dataclass(eq=False)(made)


def test_the_sample_is_content():
    MAPPING.apply()
    check_mapping(ThingDTO)


def test_a_field_without_column_is_named():
    assert fault(mapped(account(("owner", str)), col("id"), col("version"))) == (
        "Account.owner is kept by no column of accounts: give it one, and a migration"
    )


def test_a_column_without_field_is_named():
    assert fault(mapped(account(), col("id"), col("version"), col("owner"))) == (
        "Account has no field 'owner' for a column of accounts"
    )


def test_a_reference_without_field_is_named_where_nothing_refers_by_it():
    Table("owners", other := MetaData(), col("id"))
    table = Table(
        "accounts", other, col("id"), col("version"), Column("owner_id", ForeignKey("owners.id"))
    )
    made = account()
    registry().map_imperatively(made, table)
    assert fault(made) == "Account has no field 'owner_id' for a column of accounts"


@pytest.mark.parametrize("name", ["id", "version"])
def test_what_every_aggregate_has_is_missed_by_name(name):
    @dataclass
    class Bare:
        key: int

    columns = [Column("key", Integer, primary_key=True)]
    columns += [Column(other, Integer) for other in ("id", "version") if other != name]
    assert fault(mapped(Bare, *columns)).endswith(
        f"Bare has no column '{name}', which every aggregate has"
    )


class Cents(TypeDecorator[Decimal]):
    impl = Numeric(12, 2)
    cache_ok = True


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (Numeric(12, 2), "Numeric(precision=12, scale=2)"),
        (Float(), "Float()"),
        (Double(), "Double()"),
        (Cents(), "Cents(precision=12, scale=2)"),
    ],
)
def test_a_column_that_a_database_may_round_is_refused_with_the_way_out(kind, shown):
    made = mapped(account(("balance", Decimal)), col("id"), col("version"), col("balance", kind))
    assert fault(made) == (
        f"Account.balance is kept as {shown}, which a database may round:"
        " use Decimal and a column ExactDecimal(digits, places)"
    )


@pytest.mark.parametrize("kind", [float, float | None, "float"])
def test_a_float_is_refused_whatever_its_column(kind):
    made = mapped(account(("balance", kind)), col("id"), col("version"), col("balance"))
    assert fault(made) == (
        "Account.balance is a float: use Decimal and a column ExactDecimal(digits, places)"
    )


def test_an_exact_decimal_is_fine():
    kind = ExactDecimal(18, 2)
    check_mapping(
        mapped(account(("balance", Decimal)), col("id"), col("version"), col("balance", kind))
    )


@dataclass
class Price:
    amount: Decimal
    currency: str


def test_columns_behind_a_composite_are_no_fields():
    table = Table(
        "accounts",
        MetaData(),
        col("id"),
        col("version"),
        col("amount", ExactDecimal(18, 2)),
        col("currency"),
    )
    made = account(("price", Price))
    properties = {"price": composite(Price, table.c.amount, table.c.currency)}
    registry().map_imperatively(made, table, properties=properties)
    check_mapping(made)


def order(line: type[Any], *columns: Column[Any]) -> type[Any]:
    """Make a DTO class of orders that have such lines, in a table of these columns, too."""

    @dataclass(eq=False)
    class Order:
        id: UUID
        lines: list[Any] = field(default_factory=list)
        total: int = 0
        version: int = 0

    tables, mappers = MetaData(), registry()
    orders = Table("orders", tables, col("id"), col("version"))
    reference = Column("order_id", ForeignKey("orders.id"))
    mappers.map_imperatively(line, Table("lines", tables, col("id"), reference, *columns))
    counted = column_property(cast(orders.c.version, Numeric))  # no column of a table
    mappers.map_imperatively(
        Order, orders, properties={"lines": relationship(line), "total": counted}
    )
    return Order


def line(*more: tuple[str, Any]) -> type[Any]:
    names = {"id": UUID, **dict(more)}
    made = type("Line", (), {"__annotations__": names, "__module__": HERE.rstrip(".")})
    return dataclass(eq=False)(made)


def test_a_part_behind_a_relationship_needs_no_field_for_its_reference():
    check_mapping(order(line()))


@pytest.mark.parametrize(
    ("fields", "columns", "sentence"),
    [
        ([("note", str)], [], "Line.note is kept by no column of lines"),
        ([], [("note", Text())], "Line has no field 'note' for a column of lines"),
        ([("price", Decimal)], [("price", Numeric(12, 2))], "Line.price is kept as Numeric("),
    ],
)
def test_a_part_behind_a_relationship_is_looked_at_too(fields, columns, sentence):
    made = order(line(*fields), *(col(*column) for column in columns))
    assert fault(made).startswith(sentence)


def test_a_class_that_is_no_dataclass_is_asked_for_its_columns_only():
    class Plain:
        pass

    check_mapping(mapped(Plain, col("id"), col("version"), col("owner")))


def test_what_a_subclass_has_of_its_own_is_looked_at_too():
    mappers, tables = registry(), MetaData()
    base = account(("kind", str))
    table = Table(
        "accounts", tables, col("id"), col("version"), col("kind"), col("rate", Numeric(5, 2))
    )
    derived = type("Saver", (base,), {})
    mappers.map_imperatively(
        base,
        table,
        polymorphic_on=table.c.kind,
        polymorphic_identity="plain",
        exclude_properties=["rate"],
    )
    mappers.map_imperatively(
        derived,
        inherits=base,
        polymorphic_identity="saver",
        properties={"rate": table.c.rate},
    )
    assert "rate is kept as Numeric" in fault(base)

"""How orders are kept: a table for orders, one for lines, and a relationship between them."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.orm import relationship

from persistence.mapping import Mapping
from tests.sample.order import LineDTO, OrderDTO

metadata = MetaData()

orders = Table(
    "sample_orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", Text, unique=True),
    Column("version", Integer, nullable=False),
)

lines = Table(
    "sample_lines",
    metadata,
    Column("order_id", Uuid, ForeignKey("sample_orders.id"), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="more_than_none"),
)


MAPPING = Mapping(
    OrderDTO,
    orders,
    properties={
        "lines": relationship(LineDTO, cascade="all, delete-orphan", order_by=lines.c.product)
    },
    parts=(Mapping(LineDTO, lines),),
)

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
    inspect,
)
from sqlalchemy.orm import registry, relationship

from persistence.repository import ORMRepository
from persistence.unit_of_work import UnitOfWork
from tests.sample.order import LineDTO, Order, OrderDTO

metadata = MetaData()

orders = Table(
    "orders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", Text, unique=True),
    Column("version", Integer, nullable=False),
)

lines = Table(
    "lines",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.id"), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity > 0", name="more_than_none"),
)


def map_order() -> None:
    """Map the DTOs to their tables; a second call changes nothing."""
    if inspect(OrderDTO, raiseerr=False) is None:
        mappings = registry(metadata=metadata)
        mappings.map_imperatively(LineDTO, lines)
        parts = relationship(LineDTO, cascade="all, delete-orphan", order_by=lines.c.product)
        mappings.map_imperatively(OrderDTO, orders, properties={"lines": parts})


class Orders(ORMRepository[Order]):
    """Orders in the transaction of a unit of work."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        map_order()
        super().__init__(unit_of_work, Order, OrderDTO, "order", removable=True)
        self.session = unit_of_work.session

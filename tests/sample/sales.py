"""A projection that a listener writes by SQL: what was ordered of which product."""

from sqlalchemy import Column, Integer, Table, Text, Uuid

from domain.handling import Listener
from domain.messages import Event
from persistence.unit_of_work import UnitOfWork
from tests.sample.order import LineAdded
from tests.sample.order_table import metadata

sales = Table(
    "sample_sales",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("order_id", Uuid, nullable=False),
    Column("product", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
)


def keep_sales(unit_of_work: UnitOfWork) -> Listener:
    """Return the listener: one row for each line that was added."""

    def hear(event: Event) -> None:
        if isinstance(event, LineAdded):
            values = {column.name: getattr(event, column.name) for column in sales.columns}
            unit_of_work.session.execute(sales.insert().values(values))

    return hear

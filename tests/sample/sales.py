"""A projection that a listener writes by SQL: what was ordered of which product."""

from sqlalchemy import Column, Integer, Table, Text, Uuid
from sqlalchemy.orm import Session

from domain.messages import Event
from tests.sample.order import LineAdded
from tests.sample.order_table import metadata

sales = Table(
    "sales",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("order_id", Uuid, nullable=False),
    Column("product", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
)


class Sales:
    """The listener: one row for each line that was added."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, event: Event) -> None:
        if isinstance(event, LineAdded):
            values = {column.name: getattr(event, column.name) for column in sales.columns}
            self._session.execute(sales.insert().values(values))

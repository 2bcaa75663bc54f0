"""A component with orders and things, whose handlers and listeners use the session as well."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event
from sqlalchemy.orm import Session

from domain.messages import Command, Event
from persistence.database import Database
from persistence.outbox import outbox
from persistence.unit_of_work import UnitOfWork
from tests.sample.aggregates import AGGREGATES
from tests.sample.order_table import lines, metadata, orders
from tests.sample.sales import sales
from tests.support.component import rows, settings
from tests.support.intake import FakeIntake
from tests.support.messages import message
from worker.amqp.intake import Delivery
from worker.amqp.wire import Message
from worker.component import Aggregate, Component
from worker.composition import compose
from worker.consumer.batches import Batches
from worker.consumer.held import Held
from worker.consumer.pace import Pace

# Called with each command that has been handled, and the session; may raise.
Mischief = Callable[[Command, Session], None]


def orders_component(database: Database, mischief: Mischief) -> Component:
    """Return a component with things and orders; a listener keeps what was sold."""
    url = database.url.render_as_string(hide_password=False)
    component = compose(settings(url), [_mischievous(one, mischief) for one in AGGREGATES])
    component.database.dispose()
    component.database = database
    return component


def _mischievous(aggregate: Aggregate, mischief: Mischief) -> Aggregate:
    class Handler(aggregate.handler):  # type: ignore[name-defined, misc]
        def __init__(self, repository: Any, unit: UnitOfWork) -> None:
            super().__init__(repository)
            self._unit = unit

        def handle(self, command: Command) -> list[Event]:
            events: list[Event] = super().handle(command)
            mischief(command, self._unit.session)
            return events

    return replace(aggregate, handler=Handler, dependencies=lambda unit, _: {"unit": unit})


class World:
    """Such a component at work on a database, as its batches settle what comes."""

    def __init__(self, database: Database) -> None:
        metadata.create_all(database.engine)
        self.database = database
        self.mischief: Mischief = lambda command, session: None
        self.component = orders_component(database, self._do_mischief)
        self.statements: list[str] = []
        event.listen(database.engine, "before_cursor_execute", self._note)

    def close(self) -> None:
        event.remove(self.database.engine, "before_cursor_execute", self._note)
        metadata.drop_all(self.database.engine)

    def apply(self, *messages: Message) -> Counter[str]:
        """Settle these, which arrive together; return how they ended."""
        self.statements.clear()
        intake = FakeIntake()
        intake.waiting += [Delivery(n, False, one) for n, one in enumerate(messages, 1)]
        batches = Batches(self.component, intake, Pace(1000, 10), Held())  # type: ignore[arg-type]
        endings: Counter[str] = Counter()
        while batches.unsettled:
            endings += batches.step(300)
        assert sorted(intake.settled) == list(range(1, len(messages) + 1))
        return endings

    def place(self, *products: str) -> UUID:
        """Place an order with a line for each product."""
        order_id = uuid4()
        self.apply(place(order_id), *(add(order_id, product) for product in products))
        with self.database.engine.begin() as connection:
            connection.execute(outbox.delete())
            connection.execute(sales.delete())
        return order_id

    def order(self, order_id: UUID) -> tuple[int, dict[str, int]] | None:
        """Return version and lines of an order, or None."""
        version = [row["version"] for row in rows(self.database, orders) if row["id"] == order_id]
        found = [row for row in rows(self.database, lines) if row["order_id"] == order_id]
        assert version or not found
        parts = {row["product"]: row["quantity"] for row in found}
        return (version[0], parts) if version else None

    def sold(self) -> list[str]:
        return sorted(row["product"] for row in rows(self.database, sales))

    def versions(self, aggregate_id: UUID) -> list[int]:
        """Return the versions of the events of an aggregate, in the order of publication."""
        sent = rows(self.database, outbox)
        return [
            row["headers"]["aggregate-version"]
            for row in sent
            if row["aggregate_id"] == aggregate_id
        ]

    @property
    def savepoints(self) -> int:
        return sum(statement.startswith("SAVEPOINT") for statement in self.statements)

    def _do_mischief(self, command: Command, session: Session) -> None:
        self.mischief(command, session)

    def _note(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self.statements.append(" ".join(statement.split()))


def place(order_id: UUID, reference: str | None = None) -> Message:
    more = {"reference": reference} if reference else {}
    return _message("Place", order_id, **more)


def add(order_id: UUID, product: str, quantity: int = 1) -> Message:
    return _message("AddLine", order_id, product=product, quantity=quantity)


def drop(order_id: UUID, product: str) -> Message:
    return _message("RemoveLine", order_id, product=product)


def close(order_id: UUID) -> Message:
    return _message("Close", order_id)


def _message(type: str, order_id: UUID, **fields: Any) -> Message:
    body = {"command_id": str(uuid4()), "order_id": str(order_id), **fields}
    return message(f"order.{type}", body)

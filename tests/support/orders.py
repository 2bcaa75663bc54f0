"""A component with orders and entities, whose handlers and listeners use the session as well."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event
from sqlalchemy.orm import Session

from domain.messages import Command, Event
from persistence.database import Database
from persistence.entity.repository import ORMRepository
from persistence.outbox import outbox
from persistence.unit_of_work import UnitOfWork
from tests.sample import order, order_schemas
from tests.sample.order_table import Orders, lines, metadata, orders
from tests.sample.sales import Sales, sales
from tests.support.component import rows, settings
from tests.support.intake import FakeIntake
from tests.support.messages import message
from worker.amqp.intake import Delivery
from worker.amqp.wire import Message
from worker.composition import AGGREGATES, Aggregate, Component
from worker.consumer.batches import Batches
from worker.consumer.held import Held
from worker.consumer.pace import Pace

# Called with each command that has been handled, and the session; may raise.
Mischief = Callable[[Command, Session], None]


class Entities(ORMRepository):
    """Entities, for a handler that uses the session as well."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        super().__init__(unit_of_work)
        self.session = unit_of_work.session


def orders_component(database: Database, mischief: Mischief) -> Component:
    """Return a component with entities and orders; a listener keeps what was sold."""
    placed = Aggregate(
        commands=order,  # type: ignore[arg-type]
        events=order,  # type: ignore[arg-type]
        schemas=order_schemas.SCHEMAS,
        handler=_handler(order.CommandHandler, mischief),
        repository=Orders,
        key="order_id",
    )
    entity = AGGREGATES[0]
    handler = _handler(entity.handler, mischief)
    component = Component(
        settings(database.url.render_as_string(hide_password=False)),
        (replace(entity, handler=handler, repository=Entities), placed),
    )
    component.database.dispose()
    component.database = database
    return component


def _handler(inner: Any, mischief: Mischief) -> Any:
    class Handler:
        def __init__(self, repository: Any) -> None:
            self._session = repository.session
            self._handler = inner(repository)
            self._sales = Sales(self._session)

        @classmethod
        def commands(cls) -> set[type[Command]]:
            commands: set[type[Command]] = inner.commands()
            return commands

        def handle(self, command: Command) -> list[Event]:
            events: list[Event] = self._handler.handle(command)
            for happened in events:
                self._sales(happened)
            mischief(command, self._session)
            return events

    return Handler


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

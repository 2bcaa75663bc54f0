"""An order with lines: an aggregate of several rows. Standard library only, as any domain."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

from domain.exceptions import AlreadyExists, DomainError
from domain.messages import Command, Event


@dataclass(frozen=True, kw_only=True)
class Place(Command):
    """Begin an order. No two orders have one reference; that only the database sees to."""

    order_id: UUID = field(default_factory=uuid4)
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class AddLine(Command):
    """Order so many of a product. That it is more than none only the database sees to."""

    order_id: UUID
    product: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class RemoveLine(Command):
    """Order nothing of a product any more."""

    order_id: UUID
    product: str


@dataclass(frozen=True, kw_only=True)
class Close(Command):
    """Let the order be gone."""

    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class Placed(Event):
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class LineAdded(Event):
    order_id: UUID
    product: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class LineRemoved(Event):
    order_id: UUID
    product: str


@dataclass(frozen=True, kw_only=True)
class Closed(Event):
    order_id: UUID


class NoSuchLine(DomainError):
    """The order has no line with this product."""

    code = "no-such-line"


@dataclass(eq=False)
class LineDTO:
    """A line of an order."""

    product: str
    quantity: int


@dataclass(eq=False)
class OrderDTO:
    """The state of an `Order`; its lines are rows of their own."""

    id: UUID
    reference: str | None = None
    lines: list[LineDTO] = field(default_factory=list)
    version: int = 0


class Order:
    """The aggregate: at most one line a product."""

    def __init__(self, dto: OrderDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> UUID:
        return self.dto.id

    def add_line(self, product: str, quantity: int) -> None:
        line = self._line(product)
        if line is None:
            self.dto.lines.append(LineDTO(product, quantity))
        else:
            line.quantity += quantity

    def remove_line(self, product: str) -> None:
        line = self._line(product)
        if line is None:
            raise NoSuchLine(f"The order {self.id} has no {product}.")
        self.dto.lines.remove(line)

    def _line(self, product: str) -> LineDTO | None:
        return next((line for line in self.dto.lines if line.product == product), None)


class Repository(Protocol):
    """Keeps orders."""

    def find(self, aggregate_id: UUID, /) -> Order | None: ...
    def get(self, aggregate_id: UUID, /) -> Order: ...
    def save(self, aggregate: Order, events: Sequence[Event], /) -> None: ...
    def remove(self, aggregate: Order, events: Sequence[Event], /) -> None: ...


class CommandHandler:
    """The facade for changes of orders."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @classmethod
    def commands(cls) -> set[type[Command]]:
        return {Place, AddLine, RemoveLine, Close}

    def handle(self, command: Command) -> list[Event]:
        match command:
            case Place(command_id=command_id, order_id=order_id, reference=reference):
                if self._repository.find(order_id):
                    raise AlreadyExists("order", order_id)
                placed = Placed(command_id=command_id, order_id=order_id)
                return self._save(Order(OrderDTO(order_id, reference)), placed)
            case AddLine(command_id=command_id, order_id=order_id, product=product, quantity=some):
                order = self._repository.get(order_id)
                order.add_line(product, some)
                ids = {"command_id": command_id, "order_id": order_id}
                return self._save(order, LineAdded(**ids, product=product, quantity=some))
            case RemoveLine(command_id=command_id, order_id=order_id, product=product):
                order = self._repository.get(order_id)
                order.remove_line(product)
                ids = {"command_id": command_id, "order_id": order_id}
                return self._save(order, LineRemoved(**ids, product=product))
            case Close(command_id=command_id, order_id=order_id):
                order = self._repository.get(order_id)
                closed = Closed(command_id=command_id, order_id=order_id)
                self._repository.remove(order, [closed])
                return [closed]
        raise TypeError(type(command).__name__)

    def _save(self, order: Order, event: Event) -> list[Event]:
        self._repository.save(order, [event])
        return [event]

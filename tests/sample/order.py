"""An order with lines: an aggregate of several rows. Standard library only, as any domain."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from domain.exceptions import DomainError
from domain.handling import Change, handles
from domain.handling import CommandHandler as Base
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


MOST = 100


class TooMuch(DomainError):
    """The order would be larger than we can pack."""

    code = "too-much"


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

    class Event:
        """Something that happened to an order."""

    @dataclass(frozen=True, kw_only=True)
    class Placed(Event):
        """It has begun, without lines."""

    @dataclass(frozen=True, kw_only=True)
    class LineAdded(Event):
        """So many more of a product are ordered."""

        product: str
        quantity: int

    @dataclass(frozen=True, kw_only=True)
    class LineRemoved(Event):
        """Nothing of the product is ordered any more."""

        product: str

    @dataclass(frozen=True, kw_only=True)
    class Closed(Event):
        """It is gone."""

    def __init__(self, dto: OrderDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> UUID:
        return self.dto.id

    @classmethod
    def place(cls, order_id: UUID, reference: str | None) -> tuple["Order", Placed]:
        return cls(OrderDTO(order_id, reference)), cls.Placed()

    def add_line(self, product: str, quantity: int) -> LineAdded:
        line = self._line(product)
        if line is None:
            self.dto.lines.append(LineDTO(product, quantity))
        else:
            line.quantity += quantity
        if sum(line.quantity for line in self.dto.lines) > MOST:
            raise TooMuch(f"The order {self.id} has room for {MOST} things.")
        return self.LineAdded(product=product, quantity=quantity)

    def remove_line(self, product: str) -> LineRemoved:
        line = self._line(product)
        if line is None:
            raise NoSuchLine(f"The order {self.id} has no {product}.")
        self.dto.lines.remove(line)
        return self.LineRemoved(product=product)

    def close(self) -> Closed:
        return self.Closed()

    def _line(self, product: str) -> LineDTO | None:
        return next((line for line in self.dto.lines if line.product == product), None)


@dataclass(frozen=True, kw_only=True)
class OrderEvent(Event):
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class Placed(OrderEvent, Order.Placed): ...


@dataclass(frozen=True, kw_only=True)
class LineAdded(OrderEvent, Order.LineAdded): ...


@dataclass(frozen=True, kw_only=True)
class LineRemoved(OrderEvent, Order.LineRemoved): ...


@dataclass(frozen=True, kw_only=True)
class Closed(OrderEvent, Order.Closed): ...


@dataclass(frozen=True)
class OrderView:
    """What readers may see of an order."""

    id: UUID
    reference: str | None
    version: int


class CommandHandler(Base[Order]):
    """The facade for changes of orders."""

    events = (Placed, LineAdded, LineRemoved, Closed)

    @handles(Place)
    def place(self, command: Place) -> Change:
        self.repository.require_new(command.order_id)
        return self.saved(*Order.place(command.order_id, command.reference))

    @handles(AddLine)
    def add_line(self, command: AddLine) -> Change:
        order = self.repository.get(command.order_id)
        return self.saved(order, order.add_line(command.product, command.quantity))

    @handles(RemoveLine)
    def remove_line(self, command: RemoveLine) -> Change:
        order = self.repository.get(command.order_id)
        return self.saved(order, order.remove_line(command.product))

    @handles(Close)
    def close(self, command: Close) -> Change:
        order = self.repository.get(command.order_id)
        return self.removed(order, order.close())

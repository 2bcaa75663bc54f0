"""The one repository: aggregates of any type in the transaction of a unit of work."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from domain.exceptions import NotFound
from domain.messages import Event
from persistence.unit_of_work import UnitOfWork


class Aggregate(Protocol):
    """What a repository needs of an aggregate: the DTO that it hides."""

    @property
    def dto(self) -> Any: ...


A = TypeVar("A", bound=Aggregate)


class ORMRepository(Generic[A]):
    """Aggregates of one type, kept through their mapped DTOs."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        aggregate_class: Callable[[Any], A],
        dto_class: type[Any],
        name: str,
        *,
        removable: bool = False,
    ) -> None:
        """`name`: the public name of the type. `removable`: `remove` may be called."""
        self._class = aggregate_class
        self.name = name
        self._dtos = unit_of_work.dtos(dto_class, name, removable=removable)

    def lock(self, ids: Iterable[UUID]) -> None:
        """Lock and load all aggregates of a batch before the first is asked for."""
        self._dtos.lock(ids)

    def find(self, aggregate_id: UUID) -> A | None:
        dto = self._dtos.get(aggregate_id)
        return None if dto is None else self._class(dto)

    def get(self, aggregate_id: UUID) -> A:
        """Return the aggregate, or raise `NotFound`."""
        aggregate = self.find(aggregate_id)
        if aggregate is None:
            raise NotFound(self.name, aggregate_id)
        return aggregate

    def save(self, aggregate: A, events: Sequence[Event]) -> None:
        """Store the aggregate and its new events, and raise its version by one an event."""
        self._dtos.put(aggregate.dto, events)

    def remove(self, aggregate: A, events: Sequence[Event]) -> None:
        """Delete the aggregate; the last of the events has the last of its versions."""
        self._dtos.remove(aggregate.dto, events)

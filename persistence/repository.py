"""The one repository: aggregates of any type in the transaction of a unit of work."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from domain.handling import Repository
from domain.messages import Event
from persistence.unit_of_work import UnitOfWork

A = TypeVar("A", bound=Any)


class ORMRepository(Repository[A]):
    """Aggregates of one type. An aggregate is made of its DTO, and shows it as `dto`."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        aggregate: type[A],
        dto: type[Any],
        name: str,
        *,
        removable: bool = False,
    ) -> None:
        """`name`: the public name of the type. `removable`: `remove` may be called."""
        self.name = name
        self._aggregate = aggregate
        self._dtos = unit_of_work.dtos(dto, name, removable=removable)

    def lock(self, ids: Iterable[UUID]) -> None:
        """Lock and load all aggregates of a batch before the first is asked for."""
        self._dtos.lock(ids)

    def find(self, aggregate_id: UUID) -> A | None:
        dto = self._dtos.get(aggregate_id)
        return None if dto is None else self._aggregate(dto)

    def save(self, aggregate: A, events: Sequence[Event]) -> None:
        self._dtos.put(aggregate.dto, events)

    def remove(self, aggregate: A, events: Sequence[Event]) -> None:
        self._dtos.remove(aggregate.dto, events)

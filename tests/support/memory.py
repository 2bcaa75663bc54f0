"""The ports of the domain without any database: enough to use the facades of any aggregate."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from domain.handling import Repository, Views
from domain.messages import Event


@dataclass(frozen=True)
class Saved:
    """An event as it was saved, with the version that its aggregate had then."""

    event: Event
    aggregate_id: UUID
    version: int


class MemoryRepository(Repository[Any]):
    """Aggregates in a dictionary. Only what was saved is there for the next who asks."""

    def __init__(
        self, aggregate: type[Any], name: str, dtos: dict[UUID, Any] | None = None
    ) -> None:
        self.name = name
        self.dtos = {} if dtos is None else dtos
        self.saved: list[Saved] = []
        self._aggregate = aggregate

    def find(self, aggregate_id: UUID) -> Any:
        dto = self.dtos.get(aggregate_id)
        return self._aggregate(deepcopy(dto)) if dto else None

    def save(self, aggregate: Any, events: Sequence[Event]) -> None:
        for event in events:
            aggregate.dto.version += 1
            self.saved.append(Saved(event, aggregate.id, aggregate.dto.version))
        self.dtos[aggregate.id] = deepcopy(aggregate.dto)

    def remove(self, aggregate: Any, events: Sequence[Event]) -> None:
        self.save(aggregate, events)
        del self.dtos[aggregate.id]


class MemoryViews(Views[Any]):
    """Reads the same dictionary."""

    def __init__(self, view: type[Any], name: str, dtos: dict[UUID, Any]) -> None:
        self.name = name
        self._view = view
        self._dtos = dtos

    def find(self, aggregate_id: UUID) -> Any:
        dto = self._dtos.get(aggregate_id)
        return self._shown(dto) if dto else None

    def list(self, *, after: UUID | None = None, limit: int = 100, **equal: Any) -> Sequence[Any]:
        dtos = sorted(self._dtos.values(), key=lambda dto: str(dto.id))
        found = [
            dto
            for dto in dtos
            if all(getattr(dto, name) == value for name, value in equal.items())
            and (after is None or str(dto.id) > str(after))
        ]
        return [self._shown(dto) for dto in found[:limit]]

    def _shown(self, dto: Any) -> Any:
        return self._view(**{f.name: getattr(dto, f.name) for f in fields(self._view)})

"""The ports of the domain without any database: enough to use the facade."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from domain.entity.commands import EntityID
from domain.entity.entity import Entity, EntityDTO
from domain.entity.queries import EntityView, Views
from domain.entity.repository import Repository
from domain.messages import Event


@dataclass(frozen=True)
class Saved:
    """An event as it was saved, with the version that its entity had then."""

    event: Event
    entity_id: EntityID
    version: int


class MemoryRepository(Repository):
    """Entities in a dictionary. Only what was saved is there for the next who asks."""

    def __init__(self, entities: dict[EntityID, EntityDTO] | None = None) -> None:
        self.entities = {} if entities is None else entities
        self.saved: list[Saved] = []

    def find(self, entity_id: EntityID) -> Entity | None:
        dto = self.entities.get(entity_id)
        return Entity(copy(dto)) if dto else None

    def save(self, entity: Entity, events: Sequence[Event]) -> None:
        for event in events:
            entity.dto.version += 1
            self.saved.append(Saved(event, entity.id, entity.dto.version))
        self.entities[entity.id] = copy(entity.dto)


class MemoryViews(Views):
    """Reads the same dictionary."""

    def __init__(self, entities: dict[EntityID, EntityDTO]) -> None:
        self._entities = entities

    def find(self, entity_id: EntityID) -> EntityView | None:
        dto = self._entities.get(entity_id)
        return EntityView(dto.id, dto.value, dto.version) if dto else None

"""Entities in the transaction of a unit of work."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from domain.entity.commands import EntityID
from domain.entity.entity import Entity, EntityDTO
from domain.entity.repository import Repository
from domain.messages import Event
from persistence.entity.table import map_entity
from persistence.unit_of_work import UnitOfWork


class ORMRepository(Repository):
    """Entities in the transaction of a unit of work."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        map_entity()
        self._dtos = unit_of_work.dtos(EntityDTO, "entity")

    def lock(self, ids: Iterable[UUID]) -> None:
        """Lock and load all entities of a batch before the first is asked for."""
        self._dtos.lock(ids)

    def find(self, entity_id: EntityID) -> Entity | None:
        dto = self._dtos.get(entity_id)
        return Entity(dto) if dto else None

    def save(self, entity: Entity, events: Sequence[Event]) -> None:
        self._dtos.put(entity.dto, events)

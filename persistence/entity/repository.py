"""Entities in the transaction of a unit of work."""

from domain.entity.entity import Entity, EntityDTO
from domain.entity.repository import Repository
from persistence import repository
from persistence.entity.table import map_entity
from persistence.unit_of_work import UnitOfWork


class ORMRepository(repository.ORMRepository[Entity], Repository):
    """Entities in the transaction of a unit of work."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        map_entity()
        super().__init__(unit_of_work, Entity, EntityDTO, "entity")

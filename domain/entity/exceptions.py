"""How the domain rejects commands for entities."""

from domain.entity.commands import EntityID
from domain.exceptions import AlreadyExists, NotFound


class EntityNotFound(NotFound):
    """The command names an entity that was never created."""

    def __init__(self, entity_id: EntityID) -> None:
        super().__init__("entity", entity_id)


class EntityAlreadyExists(AlreadyExists):
    """The command would create an entity a second time."""

    def __init__(self, entity_id: EntityID) -> None:
        super().__init__("entity", entity_id)

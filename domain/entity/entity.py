"""The aggregate and its state."""

from dataclasses import dataclass

from domain.entity.commands import Create, EntityID, UpdateValue
from domain.entity.events import Created, Updated


@dataclass(eq=False)
class EntityDTO:
    """The state of an `Entity`, for its repository's eyes only.

    `version` counts the events of this entity; the repository raises it, nobody else.
    Not frozen, not slotted, no logic: the persistence layer maps it imperatively.
    """

    id: EntityID
    value: str | None = None
    version: int = 0


class Entity:
    """The aggregate: it decides what a command changes and which events say so."""

    def __init__(self, dto: EntityDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> EntityID:
        return self.dto.id

    @classmethod
    def create(cls, command: Create) -> tuple["Entity", Created]:
        entity = cls(EntityDTO(command.entity_id))
        return entity, Created(command_id=command.command_id, entity_id=entity.id)

    def update(self, command: UpdateValue) -> Updated:
        self.dto.value = command.value
        return Updated(command_id=command.command_id, entity_id=self.id, value=command.value)

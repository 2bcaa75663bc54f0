"""The aggregate and its state."""

from dataclasses import dataclass

from domain.entity.identity import EntityID


@dataclass(eq=False)
class EntityDTO:
    """The state of an `Entity`, for its repository's eyes only.

    `version` counts its events; the repository raises it, nobody else.
    Not frozen, not slotted, no logic: the persistence layer maps it imperatively.
    """

    id: EntityID
    value: str | None = None
    version: int = 0


class Entity:
    """The aggregate: it decides what changes, and its own events say so."""

    class Event:
        """Something that happened to an entity."""

    @dataclass(frozen=True, kw_only=True)
    class Created(Event):
        """It has begun; it has no value yet."""

    @dataclass(frozen=True, kw_only=True)
    class Updated(Event):
        """It has another value now."""

        value: str

    def __init__(self, dto: EntityDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> EntityID:
        return self.dto.id

    @classmethod
    def create(cls, entity_id: EntityID) -> tuple["Entity", Created]:
        return cls(EntityDTO(entity_id)), cls.Created()

    def update(self, value: str) -> Updated:
        self.dto.value = value
        return self.Updated(value=value)

"""What others may ask of an entity."""

from dataclasses import dataclass, field

from domain.entity.identity import EntityID, new_entity_id
from domain.messages import Command


@dataclass(frozen=True, kw_only=True)
class Create(Command):
    """Begin an entity. A sender may pick its id."""

    entity_id: EntityID = field(default_factory=new_entity_id)


@dataclass(frozen=True, kw_only=True)
class UpdateValue(Command):
    """Give the entity another value."""

    entity_id: EntityID
    value: str

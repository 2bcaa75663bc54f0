"""What others may ask of an entity."""

from dataclasses import dataclass, field
from typing import NewType
from uuid import UUID, uuid4

from domain.messages import Command

EntityID = NewType("EntityID", UUID)


def _entity_id() -> EntityID:
    return EntityID(uuid4())


@dataclass(frozen=True, kw_only=True)
class Create(Command):
    """Begin an entity. A sender that wants to know its id beforehand picks one."""

    entity_id: EntityID = field(default_factory=_entity_id)


@dataclass(frozen=True, kw_only=True)
class UpdateValue(Command):
    """Give the entity another value."""

    entity_id: EntityID
    value: str

"""What the component publishes of entities."""

from dataclasses import dataclass

from domain.entity.entity import Entity
from domain.entity.identity import EntityID
from domain.messages import Event


@dataclass(frozen=True, kw_only=True)
class EntityEvent(Event):
    entity_id: EntityID


@dataclass(frozen=True, kw_only=True)
class Created(EntityEvent, Entity.Created): ...


@dataclass(frozen=True, kw_only=True)
class Updated(EntityEvent, Entity.Updated): ...

"""What the component publishes of entities: the aggregate's own events, and which entity it was."""

from dataclasses import dataclass

from domain.entity.commands import EntityID
from domain.messages import Event


@dataclass(frozen=True, kw_only=True)
class Created(Event):
    """An entity has begun; it has no value yet."""

    entity_id: EntityID


@dataclass(frozen=True, kw_only=True)
class Updated(Event):
    """The entity has the value `value` now."""

    entity_id: EntityID
    value: str

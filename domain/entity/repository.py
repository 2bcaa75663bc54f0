"""The port by which the domain finds and keeps entities."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from domain.entity.commands import EntityID
from domain.entity.entity import Entity
from domain.messages import Event


class Repository(ABC):
    """Keeps entities and, in the same transaction, the events that changed them."""

    @abstractmethod
    def find(self, entity_id: EntityID) -> Entity | None:
        """Return the entity as this transaction sees it, or None."""

    @abstractmethod
    def save(self, entity: Entity, events: Sequence[Event]) -> None:
        """Store the entity and its new events, and raise its version by one an event."""

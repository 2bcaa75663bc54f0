"""What readers may see of an entity."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from domain.entity.commands import EntityID
from domain.entity.exceptions import EntityNotFound


@dataclass(frozen=True)
class EntityView:
    """What readers may see of an entity. `version` is the number of its events."""

    id: EntityID
    value: str | None
    version: int


class Views(ABC):
    """Read access to entities, possibly from another database than the commands'."""

    @abstractmethod
    def find(self, entity_id: EntityID) -> EntityView | None:
        """Return the committed state of the entity, or None."""


class QueryHandler:
    """The facade for reads: it changes nothing."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def entity(self, entity_id: EntityID) -> EntityView:
        """Return the entity or raise `EntityNotFound`."""
        view = self._views.find(entity_id)
        if view is None:
            raise EntityNotFound(entity_id)
        return view

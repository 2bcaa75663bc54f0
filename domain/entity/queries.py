"""What readers may see of an entity."""

from dataclasses import dataclass

from domain.entity.identity import EntityID


@dataclass(frozen=True)
class EntityView:
    """`version` is the number of its events."""

    id: EntityID
    value: str | None
    version: int

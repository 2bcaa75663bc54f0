"""What entities are told apart by."""

from typing import NewType
from uuid import UUID, uuid4

EntityID = NewType("EntityID", UUID)


def new_entity_id() -> EntityID:
    return EntityID(uuid4())

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, Uuid, inspect
from sqlalchemy.orm import registry

from domain.entity.entity import EntityDTO
from persistence.columns import metadata

entities = Table(
    "entities",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("value", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("version > 0", name="version_is_positive"),
)


def map_entity() -> None:
    """Map the DTO to its table; a second call changes nothing."""
    if inspect(EntityDTO, raiseerr=False) is None:
        registry(metadata=metadata).map_imperatively(EntityDTO, entities)

"""How entities are kept."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, Uuid

from domain.entity.entity import EntityDTO
from persistence.columns import metadata
from persistence.mapping import Mapping

entities = Table(
    "entities",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("value", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("version > 0", name="version_is_positive"),
)

MAPPING = Mapping(EntityDTO, entities)

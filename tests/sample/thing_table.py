"""How things are kept: columns only, as most aggregates are."""

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, Text, Uuid

from persistence.mapping import Mapping
from tests.sample.thing import ThingDTO

metadata = MetaData()

things = Table(
    "sample_things",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("value", Text),
    Column("version", Integer, nullable=False),
    CheckConstraint("version > 0", name="version_is_positive"),
)

MAPPING = Mapping(ThingDTO, things)

"""What most tests of the machinery work with: `AGGREGATES=tests.sample.things`."""

from sqlalchemy import Engine

from tests.sample import thing, thing_schemas, thing_table
from worker.component import Aggregate

THING = Aggregate(
    name="thing",
    commands=thing,
    schemas=thing_schemas.SCHEMAS,
    handler=thing.CommandHandler,
    aggregate=thing.Thing,
    mapping=thing_table.MAPPING,
    view=thing.ThingView,
    keys=("thing_id",),
)

AGGREGATES = (THING,)


def make_table(engine: Engine) -> None:
    """Make the table of things, which no migration makes."""
    thing_table.metadata.create_all(engine)

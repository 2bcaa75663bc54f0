"""Things whose messages were changed as one should not, for the check to find."""

from dataclasses import replace

from schemas.fields import Text, Uuid
from tests.sample import thing, thing_schemas
from tests.sample.things import THING


class UpdateValue(thing_schemas.CommandSchema):
    type = "thing.UpdateValue"
    message = thing.UpdateValue

    thing_id = Uuid(required=True)
    content = Text(required=True, attribute="value")


class Updated(thing_schemas.EventSchema):
    type = "thing.Updated"
    message = thing.Updated

    thing_id = Uuid(required=True)
    content = Text(required=True, attribute="value")


SCHEMAS = (thing_schemas.Create, UpdateValue, thing_schemas.Created, Updated)
AGGREGATES = (replace(THING, schemas=SCHEMAS),)

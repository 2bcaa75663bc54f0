"""Things on the wire."""

from schemas.fields import Text, Uuid
from schemas.message import CommandSchema, EventSchema
from tests.sample import thing


class Create(CommandSchema):
    type = "thing.Create"
    message = thing.Create

    thing_id = Uuid()


class UpdateValue(CommandSchema):
    type = "thing.UpdateValue"
    message = thing.UpdateValue

    thing_id = Uuid(required=True)
    value = Text(required=True)


class Created(EventSchema):
    type = "thing.Created"
    message = thing.Created

    thing_id = Uuid(required=True)


class Updated(EventSchema):
    type = "thing.Updated"
    message = thing.Updated

    thing_id = Uuid(required=True)
    value = Text(required=True)


SCHEMAS = (Create, UpdateValue, Created, Updated)

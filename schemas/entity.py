"""How the messages of entities look on the wire."""

from domain.entity import commands, events
from schemas.fields import Text, Uuid
from schemas.fields.base import said
from schemas.message import CommandSchema, EventSchema


class Create(CommandSchema):
    type = "entity.Create"
    message = commands.Create

    entity_id = Uuid(metadata=said("Left out: the component picks one."))


class UpdateValue(CommandSchema):
    type = "entity.UpdateValue"
    message = commands.UpdateValue

    entity_id = Uuid(required=True)
    value = Text(required=True)


class Created(EventSchema):
    type = "entity.Created"
    message = events.Created

    entity_id = Uuid(required=True)


class Updated(EventSchema):
    type = "entity.Updated"
    message = events.Updated

    entity_id = Uuid(required=True)
    value = Text(required=True)


SCHEMAS = (Create, UpdateValue, Created, Updated)

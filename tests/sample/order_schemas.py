"""Orders on the wire."""

from schemas.fields import Integer, Text, Uuid
from schemas.message import CommandSchema, EventSchema
from tests.sample import order


class Place(CommandSchema):
    type = "order.Place"
    message = order.Place

    order_id = Uuid()
    reference = Text()


class AddLine(CommandSchema):
    type = "order.AddLine"
    message = order.AddLine

    order_id = Uuid(required=True)
    product = Text(required=True)
    quantity = Integer(required=True)


class RemoveLine(CommandSchema):
    type = "order.RemoveLine"
    message = order.RemoveLine

    order_id = Uuid(required=True)
    product = Text(required=True)


class Close(CommandSchema):
    type = "order.Close"
    message = order.Close

    order_id = Uuid(required=True)


class Placed(EventSchema):
    type = "order.Placed"
    message = order.Placed

    order_id = Uuid(required=True)


class LineAdded(EventSchema):
    type = "order.LineAdded"
    message = order.LineAdded

    order_id = Uuid(required=True)
    product = Text(required=True)
    quantity = Integer(required=True)


class LineRemoved(EventSchema):
    type = "order.LineRemoved"
    message = order.LineRemoved

    order_id = Uuid(required=True)
    product = Text(required=True)


class Closed(EventSchema):
    type = "order.Closed"
    message = order.Closed

    order_id = Uuid(required=True)


SCHEMAS = (Place, AddLine, RemoveLine, Close, Placed, LineAdded, LineRemoved, Closed)

"""Messages as a sender would publish them."""

import json
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from pika import BasicProperties

from schemas.codec import Codec
from tests.sample.things import THING
from worker.amqp.wire import Message, received
from worker.composition import catalogue
from worker.consumer.reading import Reader, Received

MAX_BYTES = 10_000
CREATE, UPDATE = "thing.Create", "thing.UpdateValue"


@cache
def codec() -> Codec:
    return Codec(catalogue([THING]))


def create(thing_id: UUID | None = None, **fields: Any) -> dict[str, Any]:
    """Return the body of a create command; `None` leaves a field out."""
    return _body({"thing_id": str(thing_id or uuid4()), **fields})


def update(thing_id: UUID, value: Any = "new", **fields: Any) -> dict[str, Any]:
    """Return the body of an update command; `None` leaves a field out."""
    return _body({"thing_id": str(thing_id), "value": value, **fields})


def _body(fields: dict[str, Any]) -> dict[str, Any]:
    content = {"command_id": str(uuid4()), **fields}
    return {name: value for name, value in content.items() if value is not None}


def message(type: str | None, body: Any, **properties: Any) -> Message:
    """Return the message as the consumer gets it; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return received(BasicProperties(type=type, **properties), data)


def read(type: str | None, body: Any, **properties: Any) -> Received:
    """Return what the reader makes of such a message."""
    return Reader(codec(), MAX_BYTES).read(message(type, body, **properties))

"""Things whose messages have changed: `AGGREGATES=tests.sample.versions` is a release later.

What was `value` in version 1 of the command became `text` in 2 and `content` in 3; of the event
version 1 is still published beside 2.
"""

from dataclasses import replace
from typing import Any

from schemas.fields import Text, Uuid
from tests.sample import thing, thing_schemas
from tests.sample.things import THING


def _renamed(content: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in content.items()}


class UpdateValue1(thing_schemas.UpdateValue):
    @staticmethod
    def upcast(content: dict[str, Any]) -> dict[str, Any]:
        return _renamed(content, "value", "text")


class UpdateValue2(thing_schemas.CommandSchema):
    type = "thing.UpdateValue"
    version = 2
    message = thing.UpdateValue

    thing_id = Uuid(required=True)
    text = Text(required=True)

    @staticmethod
    def upcast(content: dict[str, Any]) -> dict[str, Any]:
        return _renamed(content, "text", "content")


class UpdateValue3(thing_schemas.CommandSchema):
    type = "thing.UpdateValue"
    version = 3
    message = thing.UpdateValue

    thing_id = Uuid(required=True)
    content = Text(required=True, attribute="value")


class Updated2(thing_schemas.EventSchema):
    type = "thing.Updated"
    version = 2
    message = thing.Updated

    thing_id = Uuid(required=True)
    content = Text(required=True, attribute="value")


SCHEMAS = (
    thing_schemas.Create,
    UpdateValue1,
    UpdateValue2,
    UpdateValue3,
    thing_schemas.Created,
    thing_schemas.Updated,
    Updated2,
)
LATER = replace(THING, schemas=SCHEMAS)
AGGREGATES = (LATER,)

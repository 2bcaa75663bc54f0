"""Schemas read and write as marshmallow would, also where they use more of it than ours do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from marshmallow import ValidationError, fields, post_dump, post_load, validate

from domain.messages import Command, Event
from schemas.fields import Text, Timestamp, Uuid
from schemas.message import CommandSchema, EventSchema


@dataclass(frozen=True, kw_only=True)
class Rename(Command):
    name: str


@dataclass(frozen=True, kw_only=True)
class Renamed(Event):
    name: str


class Plain(CommandSchema):
    type = "thing.Rename"
    message = Rename
    name = Text(required=True, validate=validate.Length(max=5))


class Elsewhere(Plain):
    name = fields.String(required=True, data_key="newName")


class Defaulted(Plain):
    name = fields.String(load_default="nobody")


class Hooked(Plain):
    @post_load
    def tidy(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "name": data["name"].strip()}


class PlainEvent(EventSchema):
    type = "thing.Renamed"
    message = Renamed
    name = Text(required=True)


class HookedEvent(PlainEvent):
    @post_dump
    def shout(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "name": data["name"].upper()}


class EventElsewhere(PlainEvent):
    name = fields.String(data_key="newName")


def content(**more: Any) -> dict[str, Any]:
    return {"command_id": str(uuid4()), **more}


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (Plain, {"name": "ann"}),
        (Elsewhere, {"newName": "ann"}),
        (Defaulted, {}),
        (Hooked, {"name": " ann "}),
    ],
)
def test_read_is_load(schema, sent):
    given = content(**sent)
    assert schema().read(given) == schema().load(given)


@pytest.mark.parametrize(
    "sent", [{}, {"name": "too long"}, {"name": None}, {"name": 1}, {"name": "a", "other": 1}]
)
def test_read_refuses_what_load_refuses_in_the_same_words(sent):
    with pytest.raises(ValidationError) as loaded:
        Plain().load(content(**sent))
    with pytest.raises(ValidationError) as was_read:
        Plain().read(content(**sent))
    assert was_read.value.messages == loaded.value.messages


@pytest.mark.parametrize("schema", [PlainEvent, HookedEvent, EventElsewhere])
def test_write_is_dump(schema):
    event = Renamed(command_id=uuid4(), name="ann")
    assert schema().write(event) == schema().dump(event)


class Parcel(EventSchema):
    type = "thing.Sent"
    message = Renamed
    to = Uuid()
    at = Timestamp()
    note = Text()


@pytest.mark.parametrize("name", ["to", "at", "note"])
def test_nothing_is_published_as_null(name):
    parcel = SimpleNamespace(event_id=uuid4(), command_id=uuid4(), timestamp=None)
    parcel.__dict__.update(to=uuid4(), at=datetime.now(UTC), note="")
    setattr(parcel, name, None)
    written = Parcel().write(parcel)
    assert written == Parcel().dump(parcel)
    assert [field for field in ("to", "at", "note") if written[field] is None] == [name]

"""The contract says of each message exactly what the codec takes and what it writes."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from marshmallow import fields as theirs
from marshmallow import validate

from domain.messages import Command, Event
from schemas import fields, outcomes
from schemas.catalogue import Catalogue
from schemas.codec import Codec
from schemas.contract import describe
from schemas.exceptions import Undecodable
from schemas.fields import PartSchema
from schemas.fields.base import said
from schemas.message import CommandSchema, EventSchema
from tests.support.generated import from_schema


class Status(Enum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Line:
    product: str
    price: Decimal
    note: str | None = None


@dataclass(frozen=True)
class Box:
    """A part that contains itself."""

    name: str
    boxes: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Everything(Command):
    thing_id: UUID = field(default_factory=uuid4)
    name: str
    code: str = "AB"
    number: int
    small: int = 1
    price: Decimal
    share: Decimal = Decimal("0.5")
    whole: bool
    day: date
    at: datetime | None = None
    status: Status
    mood: Status | None = None
    line: Line
    spare: Line | None = None
    lines: tuple[Line, ...]
    sizes: dict[str, int]
    matrix: tuple[tuple[int | None, ...], ...] = ()
    theirs: str = "x"


@dataclass(frozen=True, kw_only=True)
class Fill(Command):
    box: Box


@dataclass(frozen=True, kw_only=True)
class Done(Event):
    thing_id: UUID
    name: str
    lines: tuple[Line, ...]
    status: Status | None = None


class LineSchema(PartSchema):
    part = Line
    product = fields.Text(required=True, min_length=1, max_length=8)
    price = fields.Decimal(digits=18, places=2, min=Decimal("0.01"), required=True)
    note = fields.Text(allow_none=True)


class BoxSchema(PartSchema):
    part = Box
    name = fields.Text(required=True)
    boxes = fields.List(theirs.Nested(lambda: BoxSchema()))  # noqa: PLW0108 - itself, later


class EverythingSchema(CommandSchema):
    type = "thing.Everything"
    message = Everything

    thing_id = fields.Uuid()
    name = fields.Text(required=True, metadata=said("What people call it.", "a lamp"))
    code = fields.Text(min_length=2, max_length=2)
    number = fields.Integer(required=True)
    small = fields.Integer(min=-1, max=3)
    price = fields.Decimal(digits=18, places=2, required=True)
    share = fields.Decimal(digits=4, places=3, min=Decimal(0), max=Decimal("1.5"))
    whole = fields.Boolean(required=True)
    day = fields.Date(required=True)
    at = fields.Timestamp(allow_none=True)
    status = fields.Enum(Status, required=True)
    mood = fields.Enum(Status, allow_none=True)
    line = fields.Nested(LineSchema, required=True)
    spare = fields.Nested(LineSchema, allow_none=True)
    lines = fields.List(fields.Nested(LineSchema), required=True, min_items=1, max_items=3)
    sizes = fields.Mapping(fields.Integer(min=0), required=True, max_items=3)
    matrix = fields.List(fields.List(fields.Integer(allow_none=True)))
    theirs = theirs.String(validate=validate.Length(max=3))


class FillSchema(CommandSchema):
    type = "thing.Fill"
    message = Fill
    box = fields.Nested(BoxSchema, required=True)


class DoneSchema(EventSchema):
    type = "thing.Done"
    message = Done
    thing_id = fields.Uuid(required=True)
    name = fields.Text(required=True, max_length=8)
    lines = fields.List(fields.Nested(LineSchema), required=True, max_items=1)
    status = fields.Enum(Status)


CATALOGUE = Catalogue((EverythingSchema, FillSchema, DoneSchema, *outcomes.SCHEMAS))
CONTRACT = describe(CATALOGUE)
EVERYTHING, FILL = CONTRACT.commands
DONE, REJECTED, FAILED = CONTRACT.events
PROPERTIES: dict[str, Any] = EVERYTHING.payload["properties"]
codec = Codec(CATALOGUE)


def decode(content: dict[str, Any]) -> Command:
    return codec.decode("thing.Everything", codec.normal("thing.Everything", content))


def refused(content: dict[str, Any]) -> set[str]:
    """Return the fields that are named where the content is refused."""
    with pytest.raises(Undecodable) as refusal:
        decode(content)
    assert refusal.value.kind == "invalid"
    return {name.partition(".")[0] for name in refusal.value.errors}


def good() -> dict[str, Any]:
    return dict(EVERYTHING.examples[0])


def schemas_within(value: Any) -> list[dict[str, Any]]:
    """Return every JSON Schema in one."""
    result = [value]
    for name in ("items", "additionalProperties", "propertyNames", "not"):
        if isinstance(value.get(name), dict):
            result += schemas_within(value[name])
    for inner in (*value.get("properties", {}).values(), *value.get("anyOf", ())):
        result += schemas_within(inner)
    return result


@settings(max_examples=3)  # each takes long, and each field has more of its own
@given(from_schema(EVERYTHING.payload))
def test_what_is_as_the_contract_says_is_accepted(content):
    assert isinstance(decode(content), Everything)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_value_that_is_as_the_contract_says_is_accepted(name):
    @settings(max_examples=10)
    @given(from_schema(PROPERTIES[name]))
    def each(value: Any) -> None:
        assert isinstance(decode({**good(), name: value}), Everything)

    each()


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_value_that_is_not_as_the_contract_says_is_refused_by_its_field(name):
    @settings(max_examples=10)
    @given(from_schema({"not": PROPERTIES[name]}))
    def each(value: Any) -> None:
        assert refused({**good(), name: value}) == {name}

    each()


# Strings that look right; what hypothesis makes of `not` is mostly something else.
NEARLY = {
    "thing_id": ["", "x", "123e4567e89b12d3a456426614174000"],
    "name": [None, "a\0b"],
    "code": ["", "A", "ABC"],
    "number": [2**63, -(2**63) - 1, 1.5],
    "small": [-2, 4],
    "price": ["1.234", "01", "1e2", "1,5", "10000000000000000.00"],
    "share": ["-0.001", "1.501", "2"],
    "whole": ["true", 0],
    "status": ["OPEN", None],
    "mood": ["sad"],
    "line": [{"product": "", "price": "1"}, {"product": "x", "price": "0"}, {}],
    "lines": [[], [{"product": "x", "price": "1"}] * 4, {}],
    "sizes": [{"a": -1}, {"a\0": 1}, {"a": 1, "b": 1, "c": 1, "d": 1}, []],
    "matrix": [[1], [["1"]], [None]],
    "theirs": ["long"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in NEARLY.items() for v in vs])
def test_contract_and_codec_refuse_the_same(name, value):
    assert not Draft7Validator(PROPERTIES[name]).is_valid(value)
    assert refused({**good(), name: value}) == {name}


@given(st.sampled_from(EVERYTHING.payload["required"]))
def test_what_the_contract_requires_is_refused_where_it_is_missing(name):
    content = good()
    del content[name]
    assert refused(content) == {name}


@given(st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda n: n not in PROPERTIES))
def test_unknown_fields_are_refused_as_the_contract_says(name):
    assert EVERYTHING.payload["additionalProperties"] is False
    assert len(refused({**good(), name: 1})) == 1


def test_null_is_as_absent_where_a_field_may_be_left_out():
    optional = PROPERTIES.keys() - set(EVERYTHING.payload["required"])
    for name in optional - {"theirs"}:
        assert Draft7Validator(PROPERTIES[name]).is_valid(None), name
    assert not any(Draft7Validator(PROPERTIES[n]).is_valid(None) for n in ("name", "line"))


def test_examples_are_messages():
    for message in CONTRACT.commands:
        assert message.examples
        for example in message.examples:
            codec.decode(message.type, codec.normal(message.type, example))


def test_the_least_example_has_what_is_required_and_nothing_else():
    full, least = EVERYTHING.examples
    assert full.keys() == PROPERTIES.keys()
    assert least.keys() == set(EVERYTHING.payload["required"])


def test_an_author_gives_a_field_a_description_and_an_example():
    assert PROPERTIES["name"]["description"] == "What people call it."
    assert PROPERTIES["name"]["examples"] == ["a lamp"]


def test_a_field_of_a_teams_own_that_says_nothing_may_be_anything():
    class Shouted(fields.Field[str]):
        def to_wire(self, value: str) -> str:
            return value

        def from_wire(self, value: Any) -> str:
            return str(value)

    class Schema(FillSchema):
        box = Shouted(required=True)

    (shout,) = describe(Catalogue([Schema])).commands
    assert shout.payload["properties"]["box"] == {}
    assert shout.examples == ()


def test_a_part_that_contains_itself_is_a_reference():
    box = CONTRACT.parts["command.BoxSchema"]
    reference = {"$ref": "#/components/schemas/command.BoxSchema"}
    assert FILL.payload["properties"]["box"] == reference
    assert box["properties"]["boxes"]["items"] == reference


def test_events_are_open_and_their_parts_too():
    assert not any(
        "additionalProperties" in schema
        for message in CONTRACT.events
        for schema in schemas_within(message.payload)
    )


def test_an_event_is_as_the_contract_says():
    line = Line(product="x" * 100, price=Decimal("1.00"))
    event = Done(command_id=uuid4(), thing_id=uuid4(), name="\0" * 9, lines=(line, line))
    written = CATALOGUE.by_class[Done].write(event)
    assert list(Draft7Validator(DONE.payload).iter_errors(written)) == []
    assert not Draft7Validator(DONE.payload).is_valid({**written, "lines": [{"product": "x"}]})


def test_a_failure_may_have_no_command():
    assert "null" in FAILED.payload["properties"]["command_id"]["type"]
    assert REJECTED.payload["properties"]["command_id"]["type"] == "string"


DRAFT_07 = set(Draft7Validator.META_SCHEMA["properties"])


def test_no_keyword_is_of_a_later_draft_than_07():
    messages = [*CONTRACT.commands, *CONTRACT.events]
    for payload in [*(message.payload for message in messages), *CONTRACT.parts.values()]:
        Draft7Validator.check_schema(payload)
        for schema in schemas_within(payload):
            assert {name for name in schema if not name.startswith("x-")} <= DRAFT_07


def test_openapis_own_words_are_left_out():
    class Schema(FillSchema):
        box = theirs.Raw(required=True, metadata={"deprecated": True, "nullable": True, "x-y": 1})

    (message,) = describe(Catalogue([Schema])).commands
    assert message.payload["properties"]["box"] == {"x-y": 1}


def test_patterns_mean_the_same_in_every_language():
    for message in CONTRACT.commands:
        for schema in schemas_within(message.payload):
            assert not re.search(r"\\d|\\w|\\s|\(\?", schema.get("pattern", ""))

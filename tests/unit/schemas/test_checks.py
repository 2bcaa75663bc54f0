"""What an author forgets when he writes a schema is told in one sentence."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from marshmallow import Schema, post_dump, pre_load
from marshmallow import fields as theirs

from domain.messages import Command, Event
from schemas import fields
from schemas.catalogue import Catalogue
from schemas.exceptions import CatalogueError
from schemas.message import CommandSchema, EventSchema

HERE = "tests.unit.schemas.test_checks"


@dataclass(frozen=True, kw_only=True)
class Open(Command):
    owner: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Opened(Event):
    owner: str
    note: str | None = None

    @property
    def greeting(self) -> str:
        return f"Hello {self.owner}"


@dataclass(frozen=True)
class Line:
    price: Decimal
    tags: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class Ordered(Event):
    lines: tuple[Line, ...]


class Commands(CommandSchema):
    type = "account.Open"
    message = Open


class Events(EventSchema):
    type = "account.Opened"
    message = Opened


OWNER = fields.Text(required=True)
NOTE = fields.Text(allow_none=True)


def schema(base: type[Any], name: str = "Mine", **members: Any) -> type[Any]:
    return type(name, (base,), {**members, "__module__": HERE})


def fault(*schemas: type[Any]) -> str:
    with pytest.raises(CatalogueError) as error:
        Catalogue(schemas)
    return str(error.value).replace(f"{HERE}.", "")


def test_a_schema_and_a_class_that_share_their_fields_are_content():
    Catalogue([schema(Commands, owner=OWNER, note=NOTE), schema(Events, owner=OWNER, note=NOTE)])


@pytest.mark.parametrize(("base", "message"), [(Commands, "Open"), (Events, "Opened")])
def test_a_field_that_the_schema_lacks_is_named(base, message):
    assert fault(schema(base, owner=OWNER)) == f"Mine has no field 'note', which {message} has"


@pytest.mark.parametrize(("base", "message"), [(Commands, "Open"), (Events, "Opened")])
def test_a_field_that_the_class_lacks_is_named(base, message):
    mine = schema(base, owner=OWNER, note=NOTE, colour=NOTE)
    assert fault(mine) == f"Mine has a field 'colour', which {message} has not"


def test_a_field_that_the_class_has_no_default_for_must_be_required():
    assert fault(schema(Commands, owner=NOTE, note=NOTE)) == (
        "field 'owner' of Mine must be required, as Open has no default"
    )


def test_a_field_that_the_class_has_a_default_for_must_not_be_required():
    assert fault(schema(Commands, owner=OWNER, note=OWNER)) == (
        "field 'note' of Mine must not be required, as Open has a default"
    )


def test_a_default_of_the_schema_is_as_good_as_one_of_the_class():
    Catalogue([schema(Commands, owner=fields.Text(load_default="nobody"), note=NOTE)])


def test_an_attribute_is_compared_by_the_name_that_the_class_has():
    renamed = fields.Text(required=True, attribute="owner", data_key="theOwner")
    Catalogue([schema(Commands, holder=renamed, note=NOTE)])
    Catalogue([schema(Events, holder=renamed, note=NOTE)])


@pytest.mark.parametrize(
    ("base", "option"), [(Commands, {"dump_only": True}), (Events, {"load_only": True})]
)
def test_a_field_that_goes_the_other_way_only_is_none(base, option):
    mine = schema(base, owner=OWNER, note=fields.Text(**option))
    assert fault(mine).startswith("Mine has no field 'note'")


def test_an_event_may_publish_a_property():
    Catalogue([schema(Events, owner=OWNER, note=NOTE, greeting=fields.Text())])


def test_an_event_may_publish_what_needs_no_attribute():
    Catalogue([schema(Events, owner=OWNER, note=NOTE, kind=theirs.Constant("account"))])


def test_what_a_hook_makes_of_the_fields_is_left_to_its_author():
    class Split(Commands):
        both = fields.Text(required=True)

        @pre_load
        def split(self, data: Any, **options: Any) -> Any:
            return data

    class Joined(Events):
        @post_dump
        def join(self, data: Any, **options: Any) -> Any:
            return data

    Catalogue([Split, Joined])


def test_an_older_version_of_a_command_may_lack_what_the_class_can_fill():
    newer = schema(Commands, "Newer", version=2, owner=OWNER, note=NOTE)
    older = schema(Commands, "Older", owner=OWNER)
    Catalogue([newer, older])
    Catalogue([older, newer])


def test_an_older_version_of_a_command_cannot_lack_what_the_class_cannot_fill():
    newer = schema(Commands, "Newer", version=2, owner=OWNER, note=NOTE)
    assert fault(schema(Commands, "Older", note=NOTE), newer).startswith("Older has no field")


def test_a_command_is_encoded_in_its_newest_version():
    newer = schema(Commands, "Newer", version=2, owner=OWNER, note=NOTE)
    older = schema(Commands, "Older", owner=OWNER, note=NOTE)
    assert Catalogue([newer, older]).by_class[Open].version == 2


def test_two_schemas_of_one_event_under_two_names_are_refused():
    first = schema(Events, "First", owner=OWNER, note=NOTE)
    second = schema(Events, "Second", type="account.Begun", owner=OWNER, note=NOTE)
    assert fault(first, second) == (
        "First and Second are both schemas of the event Opened, which can be published under one"
        " name only"
    )


def test_an_older_version_of_an_event_may_lack_what_the_event_has_got_since():
    newer = schema(Events, "Newer", version=2, owner=OWNER, note=NOTE)
    older = schema(Events, "Older", note=NOTE)
    Catalogue([newer, older])
    assert fault(schema(Events, "Newer", version=2, note=NOTE), older).startswith("Newer has no")


class LineSchema(fields.PartSchema):
    part = Line
    price = fields.Decimal(digits=18, places=2, required=True)
    tags = fields.List(fields.Text())


class Orders(EventSchema):
    type = "order.Ordered"
    message = Ordered


def test_a_part_that_shares_its_fields_is_content():
    lines = fields.List(fields.Nested(LineSchema), required=True)
    Catalogue([schema(Orders, lines=lines)])


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"colour": NOTE}, "Part has a field 'colour', which Line has not"),
        ({"tags": fields.Text(load_only=True)}, "Part has no field 'tags', which Line has"),
        ({"tags": fields.Text(dump_only=True)}, "Part has no field 'tags', which Line has"),
        ({"price": NOTE}, "field 'price' of Part must be required, as Line has no default"),
        ({"tags": OWNER}, "field 'tags' of Part must not be required, as Line has a default"),
    ],
)
def test_a_part_is_compared_with_its_class_too(members, sentence):
    part = schema(LineSchema, "Part", **members)
    lines = fields.Mapping(fields.List(fields.Nested(part)), required=True)
    assert fault(schema(Orders, lines=lines)) == sentence


class Level(Enum):
    LOW = Decimal(1)


class Inner(Schema):
    amount = theirs.Decimal()


USE = "JSON cannot take: use schemas.fields"


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (theirs.Decimal(places=2), f"Decimal, whose values {USE}.Decimal, which is text"),
        (
            theirs.Float(allow_nan=True),
            f"Float, whose values {USE}.Decimal, or leave allow_nan out",
        ),
        (
            theirs.Enum(Level, by_value=True),
            f"Enum, whose values {USE}.Enum, and text as values",
        ),
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        lambda odd: odd,
        theirs.List,
        fields.List,
        fields.Mapping,
        lambda odd: theirs.Dict(keys=fields.Text(), values=odd),
        lambda odd: theirs.Tuple([fields.Text(), odd]),
    ],
)
def test_a_field_of_marshmallow_whose_values_json_cannot_take_is_refused(odd, sentence, around):
    assert fault(schema(Events, owner=OWNER, note=around(odd))).endswith(
        f" of Mine is marshmallow's {sentence}"
    )


def test_such_a_field_is_found_in_a_schema_inside():
    assert "marshmallow's Decimal" in fault(schema(Events, owner=OWNER, note=theirs.Nested(Inner)))


def test_a_schema_inside_may_contain_itself():
    class Tree(Schema):
        branches = theirs.List(theirs.Nested(lambda: Tree()))  # noqa: PLW0108 - not there yet

    Catalogue([schema(Events, owner=OWNER, note=theirs.Nested(Tree))])


@pytest.mark.parametrize(
    "fine", [theirs.Decimal(as_string=True), theirs.Float(), theirs.Integer(), theirs.Enum(Level)]
)
def test_other_fields_of_marshmallow_are_fine(fine):
    Catalogue([schema(Events, owner=OWNER, note=fine)])

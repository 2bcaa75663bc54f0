"""Each field of the wire takes exactly what it writes, says why not, and has its limits."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

from domain.messages import Command
from schemas import fields
from schemas.fields import PartSchema
from schemas.fields.fast import FastSchema
from schemas.message import CommandSchema


class Status(Enum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Line:
    product: str
    price: Decimal
    note: str | None = None


class LineSchema(PartSchema):
    part = Line
    product = fields.Text(required=True)
    price = fields.Decimal(digits=18, places=2, required=True)
    note = fields.Text(allow_none=True)


class Shouted(fields.Field[str]):
    """A field of a team's own: what it is, and the two methods."""

    invalid = 'Not shouted, such as "HELP".'

    def to_wire(self, value: str) -> str:
        return value.upper()

    def from_wire(self, value: Any) -> str:
        if not isinstance(value, str) or not value.isupper():
            raise self.refusal()
        return value.lower()


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
cents = st.integers(-(10**18) + 1, 10**18 - 1).map(lambda n: Decimal(n).scaleb(-2))
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
lines = st.builds(Line, storable, cents, st.none() | storable)

# Each field with the values that it carries.
KINDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "Text": (fields.Text, storable),
    "Integer": (fields.Integer, st.integers(-(2**63), 2**63 - 1)),
    "Decimal": (lambda **o: fields.Decimal(digits=18, places=2, **o), cents),
    "Boolean": (fields.Boolean, st.booleans()),
    "Date": (fields.Date, st.dates()),
    "Timestamp": (
        fields.Timestamp,
        st.datetimes(datetime(2000, 1, 1), datetime(9999, 12, 30), timezones=zones),
    ),
    "Uuid": (fields.Uuid, st.uuids()),
    "Enum": (lambda **o: fields.Enum(Status, **o), st.sampled_from(Status)),
    "List": (
        lambda **o: fields.List(fields.Integer(allow_none=True), **o),
        st.lists(st.none() | st.integers(-9, 9)).map(tuple),
    ),
    "Mapping": (
        lambda **o: fields.Mapping(fields.Nested(LineSchema), **o),
        st.dictionaries(storable, lines),
    ),
    "Nested": (lambda **o: fields.Nested(LineSchema, **o), lines),
    "Shouted": (Shouted, st.text("abc", min_size=1)),
}
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["12.50", "-0", "2026-01-31", "2026-01-31T12:00:00Z", "open", "HELP"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("product"), inner),
    max_leaves=5,
)
every_kind = pytest.mark.parametrize("kind", KINDS)


def schema_of(field: Any) -> FastSchema:
    return type("One", (FastSchema,), {"field": field})()


def test_every_field_is_tried_here():
    ours = {name for name in fields.__all__ if name not in ("Field", "PartSchema")}
    assert ours == KINDS.keys() - {"Shouted"}


@every_kind
@given(data=st.data())
def test_what_a_field_writes_it_reads(kind, data):
    make, values = KINDS[kind]
    value = data.draw(values)
    schema = schema_of(make())
    text = json.dumps(schema.write(SimpleNamespace(field=value)), allow_nan=False)
    assert schema.read(json.loads(text)) == {"field": value}


@every_kind
@given(data=st.data())
def test_the_short_way_writes_what_marshmallow_writes(kind, data):
    make, values = KINDS[kind]
    schema, given = schema_of(make()), SimpleNamespace(field=data.draw(st.none() | values))
    assert schema._is_plain
    assert schema.write(given) == schema.dump(given)


@every_kind
@given(data=st.data())
def test_the_short_way_reads_what_marshmallow_reads_and_refuses_what_it_refuses(kind, data):
    make, values = KINDS[kind]
    options = data.draw(st.sampled_from([{}, {"allow_none": True}, {"required": True}]))
    schema = schema_of(make(**options))
    good = values.map(lambda value: schema.write(SimpleNamespace(field=value))["field"])
    content = data.draw(st.fixed_dictionaries({}, optional={"field": good | anything}))
    assert ending(schema.read, content) == ending(schema.load, content)


def ending(read: Any, content: Any) -> tuple[str, Any]:
    try:
        return "read", read(content)
    except ValidationError as error:
        return "refused", error.messages


@every_kind
def test_null_is_published_as_null(kind):
    schema = schema_of(KINDS[kind][0](allow_none=True))
    assert schema.write(SimpleNamespace(field=None)) == {"field": None}


@every_kind
def test_null_is_read_as_none_where_it_is_allowed(kind):
    assert schema_of(KINDS[kind][0](allow_none=True)).read({"field": None}) == {"field": None}


@every_kind
def test_null_is_refused_where_it_is_not_allowed(kind):
    assert refusal(KINDS[kind][0](), None) == ["Field may not be null."]


def refusal(field: Any, value: Any) -> Any:
    with pytest.raises(ValidationError) as error:
        schema_of(field).read({"field": value})
    return error.value.messages["field"]


MONEY = 'Not a number as text, from -9.99 to 9.99 with at most 2 decimal places, such as "9.99".'


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (fields.Integer(), 2**63, f"Not an integer from {-(2**63)} to {2**63 - 1}, such as 7."),
        (fields.Integer(min=8), 7, f"Not an integer from 8 to {2**63 - 1}, such as 8."),
        (fields.Integer(max=9), "7", f"Not an integer from {-(2**63)} to 9, such as 7."),
        (fields.Integer(), True, f"Not an integer from {-(2**63)} to {2**63 - 1}, such as 7."),
        (fields.Integer(), 7.0, f"Not an integer from {-(2**63)} to {2**63 - 1}, such as 7."),
        (fields.Decimal(digits=3, places=2), "10.00", MONEY),
        (fields.Decimal(digits=3, places=2), "1.005", MONEY),
        (fields.Decimal(digits=3, places=2), "1e0", MONEY),
        (fields.Decimal(digits=3, places=2), "01", MONEY),
        (fields.Decimal(digits=3, places=2), " 1", MONEY),
        (fields.Decimal(digits=3, places=2), "NaN", MONEY),
        (fields.Decimal(digits=3, places=2), "1.\u0661", MONEY),
        (fields.Decimal(digits=3, places=2), 1, MONEY),
        (fields.Decimal(digits=3, places=2), 1.5, MONEY),
        (
            fields.Decimal(digits=4, places=1, min=Decimal(0)),
            "-0.1",
            'Not a number as text, from 0 to 999.9 with at most 1 decimal places, such as "12.5".',
        ),
        (fields.Boolean(), 1, "Not a boolean: true or false."),
        (fields.Boolean(), "true", "Not a boolean: true or false."),
        (fields.Date(), "2026-02-30", "Not a valid date, such as 2026-01-31."),
        (fields.Date(), "20260131", "Not a valid date, such as 2026-01-31."),
        (fields.Date(), "2026-01-31T00:00:00Z", "Not a valid date, such as 2026-01-31."),
        (fields.Enum(Status), "OPEN", 'Not one of "open", "closed".'),
        (fields.Enum(Status), ["open"], 'Not one of "open", "closed".'),
        (fields.Text(min_length=1), "", "Has 0 characters: 1 or more are allowed."),
        (fields.Text(max_length=0), "a", "Has 1 characters: 0 to 0 are allowed."),
        (fields.Text(max_length=2), "žluť", "Has 4 characters: 0 to 2 are allowed."),
        (fields.List(fields.Text()), "ab", "Not a JSON array, such as []."),
        (fields.List(fields.Text(), max_items=1), ["", ""], "Has 2 items: 0 to 1 are allowed."),
        (fields.Mapping(fields.Text()), [], 'Not a JSON object, such as {"name": …}.'),
        (fields.Mapping(fields.Text(), min_items=1), {}, "Has 0 items: 1 or more are allowed."),
        (
            fields.Mapping(fields.Text()),
            {"\0": ""},
            "Contains a NUL or a lone surrogate, which cannot be stored.",
        ),
        (fields.Nested(LineSchema), [], 'Not a JSON object, such as {"name": …}.'),
        (Shouted(), "help", 'Not shouted, such as "HELP".'),
    ],
)
def test_a_sender_hears_what_is_right(field, value, sentence):
    assert refusal(field, value) == [sentence]


@pytest.mark.parametrize(
    ("field", "value", "errors"),
    [
        (fields.List(fields.Boolean()), [True, 1], {1: ["Not a boolean: true or false."]}),
        (fields.Mapping(fields.Boolean()), {"a": 1}, {"a": ["Not a boolean: true or false."]}),
        (
            fields.List(fields.Nested(LineSchema)),
            [{"product": "tea", "price": "1.00"}, {"product": "tea", "colour": "red"}],
            {1: {"price": ["Missing data for required field."], "colour": ["Unknown field."]}},
        ),
    ],
)
def test_what_is_wrong_inside_is_told_with_its_place(field, value, errors):
    assert refusal(field, value) == errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (fields.Integer(), 2**63),
        (fields.Integer(), True),
        (fields.Integer(), Decimal(1)),
        (fields.Decimal(digits=3, places=2), Decimal("1.005")),
        (fields.Decimal(digits=3, places=2), Decimal("10")),
        (fields.Decimal(digits=3, places=2), Decimal("NaN")),
        (fields.Decimal(digits=3, places=2), Decimal("Infinity")),
        (fields.Decimal(digits=3, places=2), 1.5),
        (fields.Decimal(digits=3, places=2, max=Decimal(5)), Decimal(6)),
        (fields.Boolean(), 1),
        (fields.Date(), datetime(2026, 1, 31)),
        (fields.Timestamp(), datetime(2026, 1, 31)),
        (fields.Timestamp(), datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=5)))),
        (fields.Enum(Status), "open"),
        (fields.List(fields.Text()), "text"),
        (fields.Mapping(fields.Text()), {1: "one"}),
        (fields.Nested(LineSchema), {"product": "tea"}),
    ],
)
def test_an_event_with_a_value_that_no_subscriber_could_read_is_not_written(field, value):
    with pytest.raises(ValueError, match=r"^field cannot be written: Not "):
        schema_of(field).write(SimpleNamespace(field=value))


@pytest.mark.parametrize(
    ("sent", "written"), [("12.5", "12.50"), ("12", "12.00"), ("-0.00", "0.00"), ("-1", "-1.00")]
)
def test_a_decimal_may_be_sent_shorter_and_is_written_in_full(sent, written):
    schema = schema_of(fields.Decimal(digits=18, places=2))
    assert schema.write(SimpleNamespace(**schema.read({"field": sent}))) == {"field": written}


def test_there_is_no_minus_zero():
    schema = schema_of(fields.Decimal(digits=18, places=2))
    assert schema.write(SimpleNamespace(field=Decimal("-0.00"))) == {"field": "0.00"}


@pytest.mark.parametrize(
    ("field", "value"),
    [(fields.List(fields.Integer()), (True,)), (fields.Mapping(fields.Integer()), {"a": True})],
)
def test_what_cannot_be_written_inside_is_told_with_the_name_of_its_field(field, value):
    with pytest.raises(ValueError, match=r"^field cannot be written: Not an integer"):
        schema_of(field).write(SimpleNamespace(field=value))


def test_an_offset_that_rfc_3339_cannot_write_becomes_utc():
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(seconds=30)))
    assert schema_of(fields.Timestamp()).write(SimpleNamespace(field=noon)) == {
        "field": "2026-01-31T11:59:30+00:00"
    }


@pytest.mark.parametrize("sent", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+01:00"])
def test_a_moment_that_no_database_could_hold_in_utc_is_refused(sent):
    with pytest.raises(ValidationError, match="Not a valid RFC 3339 date-time"):
        schema_of(fields.Timestamp()).read({"field": sent})


def test_the_difference_of_two_large_amounts_is_exact():
    schema = schema_of(fields.Decimal(digits=18, places=2))
    many = schema.read({"field": "9007199254740993.01"})["field"]
    few = schema.read({"field": "9007199254740992.99"})["field"]
    assert schema.write(SimpleNamespace(field=many - few)) == {"field": "0.02"}


def test_a_decimal_of_more_digits_than_can_be_stored_exactly_is_refused_in_the_program():
    with pytest.raises(ValueError, match="at most 18 digits can be stored exactly"):
        fields.Decimal(digits=19, places=2)


def test_an_enumeration_whose_values_are_no_texts_is_refused_in_the_program():
    class Level(Enum):
        LOW = 1

    with pytest.raises(TypeError, match=r'Level\.LOW has no text.*such as LOW = "low"$'):
        fields.Enum(Level)


def test_an_error_names_only_the_first_values_of_a_large_enumeration():
    many = StrEnum("many", {f"N{n}": f"n{n}" for n in range(11)})
    (sentence,) = refusal(fields.Enum(many), "x")
    assert sentence.endswith('"n9", ….')


def test_a_field_of_ones_own_must_have_both_methods():
    class Half(fields.Field[str]):
        def to_wire(self, value: str) -> str:
            return value

    with pytest.raises(TypeError, match="from_wire"):
        Half()


def test_a_validator_of_marshmallow_is_asked_too():
    field = fields.Integer(validate=validate.OneOf([1, 2]))
    assert refusal(field, 3) == ["Must be one of: 1, 2."]


def test_what_a_field_does_around_its_value_is_done():
    field = fields.Text(pre_load=str.strip, post_load=str.upper)
    assert schema_of(field).read({"field": " a "}) == {"field": "A"}


class Overridden(fields.Text):
    """A field of marshmallow's kind: its own methods are what counts."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **options: Any) -> Any:
        return f"<{value}>"


def test_a_field_that_does_it_marshmallow_s_way_is_asked_that_way():
    assert schema_of(Overridden()).write(SimpleNamespace(field="a")) == {"field": "<a>"}


class Exact(CommandSchema):
    type = "thing.Exact"
    message = Command
    lines = fields.List(fields.Nested(LineSchema))
    owners = fields.Mapping(fields.List(fields.Uuid()))


def test_what_is_inside_has_one_form_before_its_digest_is_taken():
    owner = uuid4()
    content = {
        "lines": [{"product": "tea", "price": "1.00", "note": None}],
        "owners": {"Ann": [str(owner).upper()]},
    }
    # `note` has a meaning for null, so that it stays.
    assert Exact().normal(content) == {**content, "owners": {"Ann": [str(owner)]}}

"""Contents that say the same, written as several languages write them."""

from typing import Any

import pytest
from marshmallow import Schema, fields

from schemas.fields import Text, Uuid
from schemas.normal import Rules

ID = "00000000-0000-0000-0000-00000000000a"


class Line(Schema):
    product = Uuid(required=True)
    note = Text()
    parts = fields.List(fields.Nested(lambda: Line()))  # noqa: PLW0108 - not there yet


class Order(Schema):
    buyer = Uuid(data_key="buyerId")
    name = Text(required=True)
    discount = fields.Integer(allow_none=True)
    lines = fields.List(fields.Nested(Line))
    many = fields.Nested(Line, many=True)
    friends = fields.Dict(keys=Text(), values=Uuid())
    other = fields.UUID()
    ids = fields.List(Uuid())


def normal(content: dict[str, Any]) -> dict[str, Any]:
    return Rules(Order()).normal(content)


@pytest.mark.parametrize(
    "content",
    [
        {"buyerId": ID},
        {"other": ID},
        {"ids": [ID, ID]},
        {"friends": {"ann": ID}},
        {"lines": [{"product": ID}]},
        {"many": [{"product": ID}]},
        {"lines": [{"parts": [{"parts": [{"product": ID}]}]}]},
    ],
)
def test_a_uuid_is_in_lower_case_wherever_the_schema_has_one(content):
    assert normal(capitals(content)) == content


def capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: capitals(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [capitals(inner) for inner in value]
    return value.upper()


@pytest.mark.parametrize(
    "content", [{"name": "ABC"}, {"unknown": ID.upper()}, {"friends": {"ANN": ID}}]
)
def test_other_text_stays_as_it_is(content):
    assert normal(content) == content


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ({"buyerId": None}, {}),
        ({"lines": None}, {}),
        ({"lines": [{"product": ID, "note": None}]}, {"lines": [{"product": ID}]}),
    ],
)
def test_null_in_an_optional_field_is_left_out(content, left):
    assert normal(content) == left


@pytest.mark.parametrize("name", ["name", "discount", "unknown", "buyer"])
def test_null_stays_where_it_is_wrong_or_means_something(name):
    assert normal({name: None}) == {name: None}


@pytest.mark.parametrize("value", [1, "x", [1, None, "x"], {"a": 1}, True, [[]], {}])
@pytest.mark.parametrize("name", ["buyerId", "lines", "many", "friends", "ids"])
def test_what_does_not_fit_the_schema_is_left_to_it(name, value):
    assert normal({name: value}) == {name: value}

"""A form has a field for each property of a schema, and what was filled in becomes a body."""

import pytest

from worker.console.fields import content_of, fields_of

SCHEMA = {
    "properties": {
        "command_id": {"type": "string"},
        "name": {"type": "string", "examples": ["chair"], "description": "What it is called."},
        "size": {"type": ["integer", "null"], "examples": [3]},
        "is_new": {"type": "boolean"},
        "colour": {"type": "string", "enum": ["red", "blue", None]},
        "lines": {"type": "array", "examples": [[1]]},
        "place": {"$ref": "#/components/schemas/Place"},
    },
    "required": ["command_id", "name"],
}


def test_each_property_but_the_id_has_a_field_of_its_kind() -> None:
    kinds = {field.name: (field.kind, field.choices) for field in fields_of(SCHEMA)}
    assert kinds == {
        "name": ("text", ()),
        "size": ("text", ()),
        "is_new": ("choice", ("true", "false")),
        "colour": ("choice", ("red", "blue")),
        "lines": ("json", ()),
        "place": ("json", ()),
    }


def test_a_field_says_what_it_is_for() -> None:
    name, size, *_ = fields_of(SCHEMA)
    assert (name.example, name.about, name.is_required) == ("chair", "What it is called.", True)
    assert (size.example, size.is_required) == ("3", False)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "7", "7"),
        ("name", '{"a": 1}', '{"a": 1}'),
        ("size", "7", 7),
        ("size", "seven", "seven"),
        ("is_new", "false", False),
        ("colour", "red", "red"),
        ("lines", "[1, 2]", [1, 2]),
        ("lines", "[1,", "[1,"),
        ("place", '{"x": 1}', {"x": 1}),
    ],
)
def test_what_is_filled_in_becomes_the_value_that_the_schema_means(name, text, value) -> None:
    assert content_of(SCHEMA, {f"field.{name}": text, "check": "1"}) == {name: value}


def test_what_is_left_empty_is_left_out_and_so_is_what_no_schema_names() -> None:
    assert content_of(SCHEMA, {"field.name": "", "field.other": "x"}) == {}

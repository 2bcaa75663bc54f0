import gzip
import json
import pickle
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, validates_schema
from marshmallow.fields import Integer, List, Nested

from domain.messages import Command, CommandFailed, CommandID, CommandRejected, Event
from schemas.catalogue import Catalogue
from schemas.codec import Codec, digest, parse, uuid_or_none
from schemas.exceptions import Undecodable
from schemas.fields import Text, Uuid
from schemas.message import CommandSchema
from tests.sample.thing import Create, Created, ThingID, Updated, UpdateValue
from tests.sample.thing_schemas import UpdateValue as UpdateValueSchema
from tests.support.messages import CREATE, UPDATE, codec, create, update

CODEC = codec()
OURS = {"command_id", "timestamp", "thing_id", "value"}

storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
sent_times = st.datetimes(
    datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.one_of(st.just(UTC), zones)
)
utc_times = st.datetimes(timezones=st.just(UTC))
ids = st.uuids()

commands = st.one_of(
    st.builds(Create, command_id=ids, timestamp=sent_times, thing_id=ids),
    st.builds(UpdateValue, command_id=ids, timestamp=sent_times, thing_id=ids, value=storable),
)
origin = {"command_id": ids, "event_id": ids, "timestamp": utc_times}
ending = {**origin, "command_type": storable, "code": storable, "reason": storable}
events = st.one_of(
    st.builds(Created, **origin, thing_id=ids),
    st.builds(Updated, **origin, thing_id=ids, value=storable),
    st.builds(CommandRejected, **ending),
    st.builds(CommandFailed, **ending),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def errors_of(type: str, content: dict) -> dict[str, list[str]]:
    with pytest.raises(Undecodable) as refusal:
        CODEC.decode(type, content)
    assert refusal.value.kind == "invalid"
    return refusal.value.errors


@given(commands)
def test_a_command_comes_back_from_the_wire_as_it_was_sent(command: Command):
    type_, version, body = CODEC.encode(command)
    assert CODEC.decode(type_, parse(body.encode()), version) == command


@given(events)
def test_an_event_comes_back_from_the_wire_as_it_was_published(event: Event):
    _, _, body = CODEC.encode(event)
    schema = CODEC._catalogue.by_class[type(event)]
    assert schema.message(**schema.load(parse(body.encode()))) == event


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (Create(), "thing.Create"),
        (UpdateValue(thing_id=ThingID(uuid4()), value=""), "thing.UpdateValue"),
        (Created(command_id=CommandID(uuid4()), thing_id=ThingID(uuid4())), "thing.Created"),
        (
            Updated(command_id=CommandID(uuid4()), thing_id=ThingID(uuid4()), value=""),
            "thing.Updated",
        ),
        (
            CommandRejected(command_id=CommandID(uuid4()), command_type="", code="", reason=""),
            "CommandRejected",
        ),
        (
            CommandFailed(command_id=CommandID(uuid4()), command_type="", code="", reason=""),
            "CommandFailed",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_has_its_public_name_and_version(message, name):
    assert CODEC.encode(message)[:2] == (name, 1)


def test_the_body_of_an_event_has_the_public_fields():
    event = Updated(
        command_id=CommandID(UUID(int=1)),
        event_id=UUID(int=2),
        timestamp=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        thing_id=ThingID(UUID(int=3)),
        value="žluť",
    )
    assert json.loads(CODEC.encode(event)[2]) == {
        "event_id": "00000000-0000-0000-0000-000000000002",
        "command_id": "00000000-0000-0000-0000-000000000001",
        "timestamp": "2026-01-02T03:04:05.678000+00:00",
        "thing_id": "00000000-0000-0000-0000-000000000003",
        "value": "žluť",
    }


def test_the_body_of_a_rejection_has_the_public_fields():
    event = CommandRejected(
        command_id=CommandID(uuid4()), command_type=UPDATE, code="not-found", reason="None."
    )
    body = json.loads(CODEC.encode(event)[2])
    assert body.keys() == {
        "event_id",
        "command_id",
        "timestamp",
        "command_type",
        "code",
        "reason",
    }


def test_a_command_without_timestamp_gets_the_time_of_its_arrival():
    before = datetime.now(UTC)
    command = CODEC.decode(CREATE, create())
    assert before <= command.timestamp <= datetime.now(UTC)


def test_the_component_picks_an_id_for_a_thing_without_one():
    content = create()
    del content["thing_id"]
    assert isinstance(CODEC.decode(CREATE, content).thing_id, UUID)


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 1}', b'{"a": {"b": 1, "b": 2}}'])
def test_a_name_that_comes_twice_is_malformed(body):
    with pytest.raises(Undecodable, match="the same name twice"):
        parse(body)


def test_an_unknown_type_is_refused():
    with pytest.raises(Undecodable, match=r"There is no command 'thing\.Explode' in version 1"):
        CODEC.decode("thing.Explode", create())


def test_an_unknown_version_is_refused():
    with pytest.raises(Undecodable, match=r"There is no command 'thing\.Create' in version 2"):
        CODEC.decode(CREATE, create(), 2)


def test_an_unknown_type_is_of_its_own_kind():
    with pytest.raises(Undecodable) as refusal:
        CODEC.decode("thing.Explode", create())
    assert refusal.value.kind == "unknown-type"


def test_an_event_is_not_taken_for_a_command():
    event = Created(command_id=CommandID(uuid4()), thing_id=ThingID(uuid4()))
    type_, version, body = CODEC.encode(event)
    with pytest.raises(Undecodable, match="There is no command"):
        CODEC.decode(type_, json.loads(body), version)


@given(st.text().filter(lambda name: name not in OURS), json_values)
def test_an_unknown_field_is_refused_by_name(name, value):
    storable = name.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
    assert list(errors_of(CREATE, {**create(), name: value})) == [storable[:80]]


@pytest.mark.parametrize("field", ["command_id", "thing_id", "value"])
def test_a_missing_field_is_named(field):
    content = update(uuid4())
    del content[field]
    assert errors_of(UPDATE, content) == {field: ["Missing data for required field."]}


@pytest.mark.parametrize("field", ["command_id", "thing_id", "value", "timestamp"])
def test_a_null_is_no_value(field):
    assert errors_of(UPDATE, {**update(uuid4()), field: None}) == {
        field: ["Field may not be null."]
    }


def test_every_wrong_field_is_named_at_once():
    errors = errors_of(UPDATE, {"command_id": 1, "thing_id": "x", "value": [], "more": 0})
    assert errors == {
        "command_id": [Uuid.invalid],
        "thing_id": [Uuid.invalid],
        "more": ["Unknown field."],
        "value": ["Not a valid string."],
    }


def test_the_reason_is_a_sentence_that_names_the_fields():
    with pytest.raises(Undecodable) as refusal:
        CODEC.decode(UPDATE, update(uuid4(), value=7, more=1))
    assert refusal.value.reason == "more: Unknown field. value: Not a valid string."


def test_only_the_first_ten_of_many_errors_are_kept():
    content = {f"field{i:04}": i for i in range(5000)}
    assert list(errors_of(CREATE, {**create(), **content})) == [f"field{i:04}" for i in range(10)]


COMMAND_ID = {"command_id": str(uuid4())}


class LineSchema(Schema):
    price = Integer(strict=True)


@dataclass(frozen=True, kw_only=True)
class Order(Command):
    tags: list[str] = field(default_factory=list)
    lines: list[dict] = field(default_factory=list)


class OrderSchema(CommandSchema):
    type = "shop.Order"
    message = Order
    tags = List(Text())
    lines = List(Nested(LineSchema))


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        ({"tags": ["a", 1]}, {"tags.1": ["Not a valid string."]}),
        (
            {"lines": [{"price": "much"}, {"\0\ud800": 1}]},
            {
                "lines.0.price": ["Not a valid integer."],
                "lines.1.\\x00\\ud800": ["Unknown field."],
            },
        ),
    ],
)
def test_errors_deep_inside_are_named_by_their_path(content, errors):
    with pytest.raises(Undecodable) as refusal:
        Codec(Catalogue([OrderSchema])).decode("shop.Order", {**COMMAND_ID, **content})
    assert refusal.value.errors == errors


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ({"value": "just a text"}, ["just a text"]),
        ({"value": ["what came: \0\ud800"]}, ["what came: \\x00\\ud800"]),
        ({"value": ["x" * 1000]}, ["x" * 200]),
    ],
)
def test_what_a_validator_says_can_be_stored(raised, told):
    class Picky(UpdateValueSchema):
        @validates_schema
        def refuse(self, data, **kwargs):
            raise ValidationError(raised)

    with pytest.raises(Undecodable) as refusal:
        Codec(Catalogue([Picky])).decode(UPDATE, update(uuid4()))
    assert refusal.value.errors == {"value": told}


def test_an_overlong_field_name_is_cut():
    assert list(errors_of(CREATE, {**create(), "x" * 10_000: 1})) == ["x" * 80]


@pytest.mark.parametrize(
    "value", ["", " ", "\n", "žluť", "🐎", "\u202e", "\ufeff", "\x01\x7f", "x" * 100_000, "\uffff"]
)
def test_odd_text_is_taken_as_it_is(value):
    assert CODEC.decode(UPDATE, update(uuid4(), value)).value == value


@pytest.mark.parametrize("value", ["\0", "a\0b", chr(0xD800), chr(0xDFFF)])
def test_text_that_cannot_be_stored_is_refused(value):
    errors = errors_of(UPDATE, update(uuid4(), value))
    assert errors == {"value": ["Contains a NUL or a lone surrogate, which cannot be stored."]}


def test_a_surrogate_pair_in_json_is_one_character():
    content = parse(json.dumps(update(uuid4(), "🐎")).encode("ascii"))
    assert CODEC.decode(UPDATE, content).value == "🐎"


@pytest.mark.parametrize("value", [0, 1.5, True, [], {}, ["text"]])
def test_what_is_no_text_is_refused(value):
    assert errors_of(UPDATE, update(uuid4(), value)) == {"value": ["Not a valid string."]}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "00000000000000000000000000000001",
        "{00000000-0000-0000-0000-000000000001}",
        "urn:uuid:00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-00000000000g",
        " 00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-000000000001\n",
        "\u06600000000-0000-0000-0000-000000000001",
        1,
        True,
        {},
    ],
)
def test_what_is_no_uuid_of_36_characters_is_refused(value):
    assert errors_of(UPDATE, {**update(uuid4()), "thing_id": value}) == {"thing_id": [Uuid.invalid]}


def test_a_uuid_may_be_written_in_capitals():
    thing_id = uuid4()
    content = {**update(thing_id), "thing_id": str(thing_id).upper()}
    assert CODEC.decode(UPDATE, content).thing_id == thing_id


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5Z", datetime(2026, 1, 2, 3, 4, 5, 500_000, UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, UTC)),
        ("2026-01-02T03:04:05+05:30", datetime(2026, 1, 1, 21, 34, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05-00:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_an_rfc_3339_time_is_taken(text, time):
    assert CODEC.decode(CREATE, create(timestamp=text)).timestamp == time


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "20260102T030405Z",
        "2026-W01-2T03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T25:00:00Z",
        "2026-01-02T03:04:05+0530",
        "2026-01-02T03:04:05+24:00",
        "0000-01-02T03:04:05Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05Z\n",
        "\u0662\u0660\u0662\u0666-01-02T03:04:05Z",
        1767323045,
        True,
        [],
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(value):
    errors = errors_of(CREATE, create(timestamp=value))
    assert errors == {
        "timestamp": ["Not a valid RFC 3339 date-time, such as 2026-01-31T12:00:00Z."]
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": "line\nbreak"}', "not JSON"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON value"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark: send UTF-8 without"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "is UTF-16: send UTF-8"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of too many digits"),
        (gzip.compress(b"{}"), r"compressed \(gzip\): send it plain"),
        (zlib.compress(b"{}"), r"compressed \(zlib\): send it plain"),
        (pickle.dumps({}), "a Python pickle: send JSON"),
        (b"\0Sw\xa1\x02{}", "an AMQP 1.0 value: send a data section"),
        (json.dumps("{}").encode(), "encoded twice"),
    ],
    ids=range(22),
)
def test_a_body_that_is_no_json_object_is_malformed(body, why):
    with pytest.raises(Undecodable, match=why) as refusal:
        parse(body)
    assert refusal.value.kind == "malformed"


def kind_of(body: bytes) -> str:
    """Return "object", or the kind of the fault."""
    try:
        return "object" if isinstance(parse(body), dict) else "something else"
    except Undecodable as fault:
        return fault.kind


@given(st.binary())
def test_any_bytes_are_an_object_or_malformed(body):
    assert kind_of(body) in ("object", "malformed")


@pytest.mark.parametrize("depth", [10, 300, 900, 990, 5000])
def test_no_depth_of_nesting_gets_past_parse_and_digest_as_another_error(depth):
    body = b'{"a":' * depth + b"1" + b"}" * depth
    try:
        fingerprint = digest(CREATE, parse(body))
    except Undecodable as fault:
        fingerprint = fault.kind
    assert fingerprint == "malformed" or len(fingerprint) == 64


def test_an_int_that_python_can_read_but_not_write_does_no_harm():
    content = parse(b'{"a": ' + b"9" * 4300 + b"}")
    assert len(digest(CREATE, content)) == 64


@given(st.dictionaries(st.text(), json_values), st.text())
def test_the_digest_ignores_the_timestamp(content, timestamp):
    content.pop("timestamp", None)
    assert digest(CREATE, {**content, "timestamp": timestamp}) == digest(CREATE, content)


@given(st.dictionaries(st.text(), json_values, min_size=2))
def test_the_digest_ignores_the_order_of_keys(content):
    assert digest(CREATE, dict(reversed(content.items()))) == digest(CREATE, content)


def test_the_digest_ignores_the_order_of_inner_keys():
    assert digest(CREATE, {"a": {"b": 1, "c": 2}}) == digest(CREATE, {"a": {"c": 2, "b": 1}})


def test_the_digest_ignores_how_the_json_was_written():
    spaced, escaped = b'{ "value" :\n"\xc5\xbe" }', b'{"value":"\\u017e"}'
    assert digest(UPDATE, parse(spaced)) == digest(UPDATE, parse(escaped))


def test_the_digest_depends_on_the_type():
    assert digest(CREATE, {"a": 1}) != digest(UPDATE, {"a": 1})


@given(st.dictionaries(st.text(), json_values), st.text().filter("timestamp".__ne__))
def test_the_digest_depends_on_every_other_field(content, name):
    content.pop(name, None)
    assert digest(CREATE, {**content, name: 1}) != digest(CREATE, content)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {}),
        ({"a": ""}, {"a": None}),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}),
        ({"a": "x", "b": "y"}, {"a": "y", "b": "x"}),
        ({"a": "é"}, {"a": "e\u0301"}),
        ({"a": {"timestamp": "x"}}, {"a": {}}),
    ],
)
def test_the_digest_depends_on_every_value(one, other):
    assert digest(CREATE, one) != digest(CREATE, other)


def test_the_digest_is_the_same_in_every_release():
    content = {"command_id": str(UUID(int=1)), "entity_id": str(UUID(int=2)), "value": "ž"}
    expected = "08074bf2fe62d27376a3485d6349c4b80636742cc95f24f97fe7d2e57b1b32cb"
    assert digest("entity.UpdateValue", content) == expected


def test_a_uuid_is_read_from_text():
    assert uuid_or_none(str(UUID(int=7))) == UUID(int=7)


@pytest.mark.parametrize("value", [None, "", "x", 1, [], {}, b"bytes"])
def test_what_is_no_uuid_reads_as_none(value):
    assert uuid_or_none(value) is None

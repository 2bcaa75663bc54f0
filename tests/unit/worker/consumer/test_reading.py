import gzip
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import pre_load
from marshmallow.fields import Integer

from domain.messages import Command
from schemas.catalogue import Catalogue
from schemas.codec import Codec, digest
from schemas.message import CommandSchema
from tests.sample.thing import Create, UpdateValue
from tests.support.messages import CREATE, MAX_BYTES, UPDATE, create, message, read, update
from worker.consumer.reading import Reader


def fault_of(type: str | None, body: object, **properties: object) -> tuple[str, str]:
    received = read(type, body, **properties)
    assert received.command is None
    return received.fault.kind, received.fault.reason


def test_a_create_command_is_read():
    thing_id = uuid4()
    command = read(CREATE, create(thing_id)).command
    assert isinstance(command, Create)
    assert command.thing_id == thing_id


def test_an_update_command_is_read():
    command = read(UPDATE, update(uuid4(), "blue")).command
    assert isinstance(command, UpdateValue)
    assert command.value == "blue"


def test_a_command_that_can_be_read_has_no_fault():
    assert read(CREATE, create()).fault is None


def test_the_command_id_is_known_of_what_was_read():
    content = create()
    assert read(CREATE, content).command_id == UUID(content["command_id"])


def test_the_digest_is_that_of_type_and_content():
    content = create()
    assert read(CREATE, content).digest == digest(CREATE, content)


def test_the_message_is_kept():
    sent = message(CREATE, create())
    assert read(CREATE, sent.body).message == sent


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json ; charset = utf8",
        "application/json;",
        "application/json; version=1",
        'application/json; profile="a;charset=latin-1"',
        "application/json; charset=US-ASCII",
        "text/json",
        "text/plain",
        "text/plain; charset=UTF-8",
        "application/octet-stream",
        "application/vnd.masstransit+json",
        "application/cloudevents+json; charset=utf-8",
    ],
)
def test_json_in_utf_8_may_be_declared_in_many_ways(content_type):
    assert read(CREATE, create(), content_type=content_type).command


@pytest.mark.parametrize(
    "content_type",
    [
        "application/jsonp",
        "application/xml",
        "application/x-python-serialize",
        "text/html",
        "json+",
        "application/json; charset=latin-1",
        'text/plain; format=flowed; charset="UTF-16"',
    ],
)
def test_another_content_type_is_malformed_by_its_name(content_type):
    kind, reason = fault_of(CREATE, create(), content_type=content_type)
    assert kind == "malformed"
    assert reason.startswith(f"The content type is {content_type!r}: send JSON")


@pytest.mark.parametrize(
    "encoding",
    [None, "", "identity", "Identity", "utf-8", "UTF-8", "utf8", "UTF_8", "us-ascii", "ASCII"],
)
def test_a_body_that_is_not_encoded_is_read(encoding):
    assert read(CREATE, create(), content_encoding=encoding).command


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "utf-16", "latin-1", "base64", "\0"])
def test_an_encoded_body_is_malformed_by_the_name_of_the_encoding(encoding):
    kind, reason = fault_of(CREATE, create(), content_encoding=encoding)
    assert kind == "malformed"
    assert reason.startswith("The content encoding is '")
    assert encoding.replace("\0", "x00") in reason


def test_a_compressed_body_is_told_its_encoding_and_not_its_bytes():
    body = gzip.compress(json.dumps(create()).encode())
    assert "'gzip'" in fault_of(CREATE, body, content_encoding="gzip")[1]


def test_what_is_not_json_is_malformed():
    assert fault_of(CREATE, b"{")[0] == "malformed"


def test_what_is_not_utf_8_is_malformed():
    assert fault_of(CREATE, b'{"a": "\xff"}')[0] == "malformed"


def test_what_is_no_object_is_malformed():
    assert fault_of(CREATE, [1, 2]) == (
        "malformed",
        "The body is a JSON array, and not a JSON object.",
    )


def test_an_unknown_type_is_a_fault():
    kind, reason = fault_of("thing.Explode", create())
    assert kind == "unknown-type"
    assert reason.startswith("There is no command 'thing.Explode' in version 1. The nearest: ")


@pytest.mark.parametrize(
    "type", ["updatevalue", "UpdateValue", "thing.Update", "thing.updateValue"]
)
def test_an_unknown_type_is_told_the_nearest_first(type):
    assert fault_of(type, create())[1].endswith("The nearest: thing.UpdateValue, thing.Create.")


@pytest.mark.parametrize("type", [None, ""])
def test_a_message_without_type_is_a_fault(type):
    assert fault_of(type, create()) == (
        "unknown-type",
        "The message has no type, nor a header of that name. Set the AMQP property 'type'; from"
        " AMQP 1.0, the application property of that name.",
    )


@pytest.mark.parametrize("type", [None, "", "amqp-1.0", "binary"])
def test_a_header_names_the_type_where_the_property_does_not(type):
    received = read(type, create(), headers={"type": CREATE})
    assert (received.command is not None, received.message.type) == (True, CREATE)


def test_the_property_names_the_type_where_a_header_does_too():
    assert read(CREATE, create(), headers={"type": UPDATE}).command


@pytest.mark.parametrize("header", [7, b"\xff", None, "", ["thing.Create"]])
def test_a_header_that_is_no_text_names_no_type(header):
    assert fault_of(None, create(), headers={"type": header})[0] == "unknown-type"


# What libraries send by themselves, seen on the wire or read in their sources.
NATURAL: dict[str, dict[str, Any]] = {
    "Node amqplib": {"type": CREATE, "headers": {}},
    "Node rascal": {"type": CREATE, "content_type": "application/json", "message_id": str(uuid4())},
    "Node rabbitmq-client": {"type": CREATE, "content_type": "application/json", "headers": {}},
    "aio-pika": {"type": CREATE, "message_id": uuid4().hex, "content_type": "text/plain"},
    "kombu": {"type": CREATE, "content_type": "application/json", "content_encoding": "utf-8"},
    "Spring, text": {
        "type": CREATE,
        "content_type": "text/plain",
        "content_encoding": "UTF-8",
        "headers": {"spring_listener_return_correlation": str(uuid4())},
    },
    "Spring, Jackson": {
        "type": CREATE,
        "content_type": "application/json",
        "content_encoding": "UTF-8",
        "headers": {"__TypeId__": "shop.Create"},
    },
    "amqp-publish": {"content_encoding": "", "headers": {"type": CREATE}},
    "php-amqp": {"type": CREATE, "content_type": "text/plain", "message_id": ""},
    "Bunny": {"type": CREATE, "content_type": "application/octet-stream"},
    "Java's tutorials": {"type": CREATE, "content_type": "text/plain"},
    "AMQP 1.0 on 4.x": {"headers": {"type": CREATE}, "message_id": f"urn:uuid:{uuid4()}"},
    "AMQP 1.0 on 3.x": {"type": "binary", "headers": {"type": CREATE}},
    "Shovel from AMQP 1.0": {"type": "amqp-1.0", "headers": {"type": CREATE}},
    ".NET with its charset": {"type": CREATE, "content_type": "application/json; charset=utf-8"},
    "CloudEvents, binary": {
        "type": CREATE,
        "content_type": "application/json",
        "headers": {"cloudEvents:type": CREATE, "cloudEvents:id": "1"},
    },
}


@pytest.mark.parametrize("properties", NATURAL.values(), ids=NATURAL)
def test_a_command_with_what_a_library_sends_by_itself_is_read(properties):
    content = create(correlation=None)
    sent = {"type": None, **properties}
    assert read(body=content, **sent).command_id == UUID(content["command_id"])
    assert read(body=content, **sent).fault is None


def test_the_version_of_the_schema_is_1_or_said():
    assert read(CREATE, create(), headers={"schema-version": 1}).command


def test_an_unknown_version_is_a_fault():
    kind, reason = fault_of(CREATE, create(), headers={"schema-version": 2})
    assert (kind, reason) == (
        "unknown-type",
        "There is no command 'thing.Create' in version 2. Its versions: 1.",
    )


@pytest.mark.parametrize("version", ["1", 1.0, None, b"\x01", [1]])
def test_a_version_that_is_no_integer_is_a_fault(version):
    kind, reason = fault_of(CREATE, create(), headers={"schema-version": version})
    assert (kind, reason) == ("unknown-type", "The schema-version is not an integer, such as 1.")


def test_a_schema_error_is_invalid():
    kind, reason = fault_of(UPDATE, update(uuid4(), 7))
    assert (kind, reason) == ("invalid", "value: Not a valid string.")


def test_a_schema_error_names_its_fields():
    assert read(UPDATE, update(uuid4(), 7)).fault.errors == {"value": ["Not a valid string."]}


def test_a_message_id_may_repeat_the_command_id():
    content = create()
    assert read(CREATE, content, message_id=content["command_id"]).command


def test_a_message_id_may_be_written_in_capitals():
    content = create()
    assert read(CREATE, content, message_id=content["command_id"].upper()).command


@pytest.mark.parametrize(
    "message_id", [str(UUID(int=1)), "another", UUID(int=2).hex, f"urn:uuid:{UUID(int=3)}", ""]
)
def test_a_message_id_is_the_senders_own(message_id):
    content = create()
    received = read(CREATE, content, message_id=message_id)
    assert (received.fault, received.command_id) == (None, UUID(content["command_id"]))


def test_a_broken_body_is_identified_by_the_uuid_of_an_amqp_1_0_sender():
    command_id = uuid4()
    assert read(UPDATE, b"{", message_id=f"urn:uuid:{command_id}").command_id == command_id


@pytest.mark.parametrize("name", ["timestamp", "thing_id"])
def test_null_in_an_optional_field_is_as_absent(name):
    content = create()
    content.pop(name, None)
    received = read(CREATE, {**content, name: None})
    assert received.fault is None
    assert received.digest == read(CREATE, content).digest


@pytest.mark.parametrize("name", ["command_id", "thing_id", "value"])
def test_null_in_a_required_field_is_invalid(name):
    kind, reason = fault_of(UPDATE, {**update(uuid4()), name: None})
    assert (kind, reason) == ("invalid", f"{name}: Field may not be null.")


def test_the_same_command_may_write_its_uuids_in_another_case():
    content = update(uuid4(), "Blue")
    shouted = {n: v if n == "value" else v.upper() for n, v in content.items()}
    assert read(UPDATE, shouted).digest == read(UPDATE, content).digest


def test_a_text_in_the_form_of_a_uuid_is_another_in_another_case():
    content = update(uuid4(), str(UUID(int=0xABC)))
    other = {**content, "value": content["value"].upper()}
    assert read(UPDATE, other).digest != read(UPDATE, content).digest


def test_the_digest_of_an_older_release_is_known_as_that_of_the_same_command():
    content = {n: v.upper() for n, v in update(uuid4(), "BLUE").items()}
    assert read(UPDATE, content).has_digest(digest(UPDATE, content))


def test_the_digest_of_another_content_is_not():
    content = update(uuid4(), "blue")
    assert not read(UPDATE, content).has_digest(digest(UPDATE, {**content, "value": "green"}))


def event(**fields: object) -> tuple[dict, dict]:
    """Return the body and the properties of an event as a component publishes it."""
    body = {"event_id": str(uuid4()), "command_id": str(uuid4()), "code": "x", **fields}
    headers = {"causation-id": body["command_id"]} if body["command_id"] else {}
    return body, {"message_id": body["event_id"], "app_id": "other", "headers": headers}


@pytest.mark.parametrize("type", ["CommandFailed", "order.Placed", CREATE])
@pytest.mark.parametrize("fields", [{}, {"command_id": None}], ids=["of a command", "of none"])
def test_an_event_is_neither_a_command_nor_a_fault(type, fields):
    body, properties = event(**fields)
    received = read(type, body, **properties)
    assert (received.is_event, received.command, received.fault, received.command_id) == (
        True,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("without", ["message_id", "app_id", "headers"])
def test_what_only_resembles_an_event_is_a_fault(without):
    body, properties = event()
    del properties[without]
    assert fault_of("order.Placed", body, **properties)[0] == "unknown-type"


def padded(size: int) -> bytes:
    """Return the body of a valid command, filled up to so many bytes."""
    body = json.dumps(create()).encode()
    return body + b" " * (size - len(body))


def test_a_body_of_the_greatest_size_is_read():
    assert read(CREATE, padded(MAX_BYTES)).command


def test_a_larger_body_is_too_large():
    kind, reason = fault_of(CREATE, padded(MAX_BYTES + 1))
    assert (kind, reason) == ("too-large", "The body has 10001 bytes, more than 10000.")


def test_a_body_that_is_too_large_is_identified_all_the_same():
    body = padded(MAX_BYTES + 1)
    assert read(CREATE, body).command_id == UUID(json.loads(body)["command_id"])


def test_a_body_that_is_far_too_large_is_not_read_at_all():
    received = read(CREATE, padded(4 * MAX_BYTES + 1))
    assert (received.command_id, received.fault.kind) == (None, "too-large")


def test_a_body_that_is_far_too_large_is_identified_by_its_message_id():
    command_id = uuid4()
    received = read(CREATE, padded(4 * MAX_BYTES + 1), message_id=str(command_id))
    assert received.command_id == command_id


def test_an_invalid_command_is_identified_by_its_body():
    content = update(uuid4(), 7)
    assert read(UPDATE, content).command_id == UUID(content["command_id"])


def test_a_broken_body_is_identified_by_its_message_id():
    command_id = uuid4()
    assert read(UPDATE, b"{", message_id=str(command_id)).command_id == command_id


def test_a_body_without_id_is_identified_by_its_message_id():
    command_id = uuid4()
    content = create(command_id=None)
    assert read(CREATE, content, message_id=str(command_id)).command_id == command_id


def test_nothing_identifies_a_broken_body_without_message_id():
    assert read(UPDATE, b"{").command_id is None


def test_nothing_identifies_a_broken_body_whose_message_id_is_no_uuid():
    assert read(UPDATE, b"{", message_id="42").command_id is None


def test_equal_broken_bodies_have_equal_digests():
    assert read(UPDATE, b"{").digest == read(UPDATE, b"{").digest


def test_other_broken_bodies_have_other_digests():
    assert read(UPDATE, b"{").digest != read(UPDATE, b"[").digest


headers = st.dictionaries(
    st.sampled_from(["schema-version", "retry-attempt", "traceparent", "x-death"]),
    st.none() | st.integers(-(2**63), 2**63) | st.text() | st.binary() | st.lists(st.text()),
)
texts = st.none() | st.text(max_size=80) | st.binary(max_size=80)
types = st.sampled_from([CREATE, UPDATE]) | texts
bodies = st.one_of(
    st.binary(),
    st.builds(update, st.uuids(), st.none() | st.text() | st.integers()),
    st.builds(create, st.uuids(), timestamp=st.text() | st.none()),
)


@given(types, bodies, texts, texts, headers)
def test_whatever_comes_is_a_command_or_a_fault(type, body, content_type, message_id, headers):
    received = read(type, body, content_type=content_type, message_id=message_id, headers=headers)
    assert [received.command is not None, received.fault is not None, received.is_event].count(
        True
    ) == 1


@given(types, bodies, texts, texts)
def test_every_command_that_is_read_is_identified(type, body, content_type, message_id):
    received = read(type, body, content_type=content_type, message_id=message_id)
    assert received.command is None or received.command_id == received.command.command_id


@dataclass(frozen=True, kw_only=True)
class Even(Command):
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise Bug("odd")


class EvenSchema(CommandSchema):
    type = "number.Even"
    message = Even
    number = Integer(required=True)


class Bug(Exception):
    pass


def test_what_a_command_class_raises_is_the_fault():
    received = reader_of_even().read(message("number.Even", {**ID, "number": 1}))
    assert received.command_id == UUID(ID["command_id"])
    assert isinstance(received.fault, Bug)


def test_what_breaks_without_a_command_id_is_invalid():
    class Broken(EvenSchema):
        @pre_load
        def look(self, data, **kwargs):
            raise Bug("cannot\0look")

    reader = Reader(Codec(Catalogue([Broken])), MAX_BYTES)
    fault = reader.read(message("number.Even", {"number": 1})).fault
    assert (fault.kind, fault.reason) == ("invalid", "The program could make no command of it.")
    assert isinstance(fault.bug, Bug)


ID = {"command_id": str(uuid4())}


def reader_of_even() -> Reader:
    return Reader(Codec(Catalogue([EvenSchema])), MAX_BYTES)

"""Headers that pika cannot decode, as they come from other programs."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pika import BasicProperties, data

from tests.support.messages import CREATE, create, read
from worker.amqp.tolerance import UNREADABLE, bytes_on_the_wire, tolerate_bad_headers
from worker.amqp.wire import Message, received


@pytest.fixture
def _tolerant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "decode_table", data.decode_table)  # put back at the end
    monkeypatch.setattr(BasicProperties, "decode", BasicProperties.decode)
    tolerate_bad_headers()


def nested(depth: int) -> bytes:
    """Return a table in a table in a table, as many as wished."""
    table = b""
    for _ in range(depth):
        table = b"\x01tF" + struct.pack(">I", len(table)) + table
    return table[2:]


def decoded(value: bytes) -> BasicProperties:
    """Return the properties of a message with one header, named h, as they are received."""
    table = b"\x01h" + value
    flags = BasicProperties.FLAG_HEADERS | BasicProperties.FLAG_TYPE
    properties = BasicProperties()
    properties.decode(struct.pack(">HI", flags, len(table)) + table + b"\x01t")
    return properties


BAD = {
    "milliseconds for seconds": b"T" + struct.pack(">Q", 1_767_323_045_000),
    "infinity": b"d" + struct.pack(">d", float("inf")),
    "not a number": b"f" + struct.pack(">f", float("nan")),
    "unknown kind": b"?" + b"\0",
    "nested too deeply": nested(5000),
}


@pytest.mark.usefixtures("_tolerant")
@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_a_header_that_cannot_be_decoded_does_not_cost_the_connection(value):
    assert UNREADABLE in str(decoded(value).headers)


@pytest.mark.usefixtures("_tolerant")
@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_properties_behind_such_headers_are_read(value):
    # Headers come before the type on the wire.
    assert decoded(value).type == "t"


UNFIT = {
    "a second word of flags that is not there": struct.pack(">H", 1),
    "flags without what they promise": struct.pack(">H", BasicProperties.FLAG_PRIORITY),
    "a table longer than all": struct.pack(">HI", BasicProperties.FLAG_HEADERS, 2**31),
    "a table cut off": struct.pack(">HHB", BasicProperties.FLAG_HEADERS, 0, 0),
    "a timestamp cut off": struct.pack(">HI", BasicProperties.FLAG_TIMESTAMP, 7),
    "nothing at all": b"",
}


@pytest.mark.usefixtures("_tolerant")
@pytest.mark.parametrize("encoded", UNFIT.values(), ids=UNFIT)
def test_properties_that_cannot_be_decoded_do_not_cost_the_connection(encoded):
    properties = BasicProperties(type="left from before")
    properties.decode(encoded)
    assert UNREADABLE in properties.headers or properties.headers == {}
    assert properties.type is None


@pytest.mark.usefixtures("_tolerant")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_no_bytes_of_properties_cost_the_connection(encoded):
    assert isinstance(received(BasicProperties().decode(encoded), b"{}"), Message)


@pytest.mark.usefixtures("_tolerant")
def test_the_size_of_properties_is_known():
    assert bytes_on_the_wire(decoded(b"S" + struct.pack(">I", 300) + b"x" * 300)) == 315


@pytest.mark.usefixtures("_tolerant")
def test_other_headers_are_decoded_as_ever():
    assert decoded(b"l" + struct.pack(">q", 7)).headers == {"h": 7}


def test_a_command_with_headers_that_cannot_be_decoded_is_malformed():
    received = read(CREATE, create(), headers={UNREADABLE: True})
    assert (received.fault.kind, received.fault.reason) == (
        "malformed",
        "The headers cannot be decoded.",
    )


def test_such_a_command_is_identified_by_its_body():
    content = create()
    received = read(CREATE, content, headers={UNREADABLE: True})
    assert str(received.command_id) == content["command_id"]

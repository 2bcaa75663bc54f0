import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties, data

from persistence.messages import OutgoingMessage, StoredCommand
from tests.support.messages import message
from worker.amqp.tolerance import tolerate_bad_headers
from worker.amqp.wire import (
    MAX_HEADERS,
    Message,
    now_text,
    printable,
    properties_of_command,
    properties_of_message,
    properties_of_new_command,
    received,
)

EVERYTHING = {
    "type": "thing.Create",
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "message_id": "m",
    "correlation_id": "c",
    "reply_to": "r",
    "app_id": "a",
    "user_id": "u",
}
EVENT = OutgoingMessage(
    type="thing.Created",
    body="{}",
    message_id="id",
    correlation_id="cause",
    timestamp=1_767_323_045,
    headers={"aggregate-version": 3},
)


def over_the_wire(properties: BasicProperties) -> BasicProperties:
    """Return the properties as another program receives them."""
    result = BasicProperties()
    result.decode(b"".join(properties.encode()))
    return result


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_property_is_received(name):
    assert getattr(received(BasicProperties(**EVERYTHING), b""), name) == EVERYTHING[name]


@pytest.mark.parametrize(
    ("sent", "queue"),
    [("/queues/a%20b%2Fc", "a b/c"), ("/queues/a%00", "a\\x00"), ("queues/a%20b", "queues/a%20b")],
)
def test_the_address_of_a_queue_is_its_name(sent, queue):
    assert received(BasicProperties(reply_to=sent), b"").reply_to == queue


@pytest.mark.parametrize("name", EVERYTHING)
def test_an_absent_property_is_none(name):
    assert getattr(received(BasicProperties(), b""), name) is None


def test_the_body_is_received_as_it_is():
    assert received(BasicProperties(), b"\x00\xff").body == b"\x00\xff"


def test_absent_headers_are_empty():
    assert received(BasicProperties(), b"").headers == {}


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_property_that_is_not_utf_8_becomes_readable_text(name):
    # pika returns bytes where a property is not UTF-8.
    raw = BasicProperties(**{name: b"caf\xe9"})
    assert getattr(received(raw, b""), name) == "caf\\xe9"


def test_a_property_with_a_nul_becomes_readable_text():
    assert received(BasicProperties(type="a\0b"), b"").type == "a\\x00b"


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name != "user_id"])
def test_a_stored_command_is_sent_again_with_its_properties(name):
    stored = message(body=b"", **EVERYTHING).stored()
    assert getattr(over_the_wire(properties_of_command(stored)), name) == EVERYTHING[name]


def test_a_stored_command_is_sent_again_without_the_user_whom_the_broker_would_check():
    stored = message(body=b"", **EVERYTHING).stored()
    assert properties_of_command(stored).user_id is None


def test_a_stored_command_keeps_the_user_for_those_who_look_into_it():
    assert message(body=b"", **EVERYTHING).stored().properties["user_id"] == "u"


def test_a_stored_command_is_sent_again_with_its_body():
    assert message("t", b"\x00\xff").stored().body == b"\x00\xff"


def test_a_stored_command_is_sent_again_as_persistent():
    assert over_the_wire(properties_of_command(StoredCommand(b""))).delivery_mode == 2


def test_absent_properties_are_not_stored():
    assert message("t", b"").stored().properties == {"type": "t", "headers": {}}


def test_the_headers_of_the_sender_are_kept():
    stored = message("t", b"", headers={"traceparent": "00-1", "tenant": 7}).stored()
    assert stored.properties["headers"] == {"traceparent": "00-1", "tenant": 7}


def test_our_headers_are_added():
    stored = message("t", b"", headers={"tenant": 7}).stored(attempt=2)
    assert stored.properties["headers"] == {"tenant": 7, "attempt": 2}


def test_our_headers_win_over_the_senders():
    stored = message("t", b"", headers={"attempt": 99}).stored(attempt=2)
    assert stored.properties["headers"] == {"attempt": 2}


def test_the_headers_of_the_broker_are_left_out():
    stored = message("t", b"", headers={"x-death": [{}], "x-delivery-count": 3, "xy": 1}).stored()
    assert stored.properties["headers"] == {"xy": 1}


def test_no_more_than_so_many_headers_are_kept():
    headers = {f"h{i:03}": i for i in range(MAX_HEADERS + 20)}
    kept = message("t", b"", headers=headers).stored().properties["headers"]
    assert list(kept) == list(headers)[:MAX_HEADERS]


def test_a_trace_is_kept_behind_however_many_headers():
    headers = {f"h{i:03}": i for i in range(MAX_HEADERS)} | {"traceparent": "00-1"}
    assert "traceparent" in message("t", b"", headers=headers).stored().properties["headers"]


def test_our_headers_come_on_top_of_the_limit():
    headers = {f"h{i:03}": i for i in range(MAX_HEADERS)}
    kept = message("t", b"", headers=headers).stored(attempt=2).properties["headers"]
    assert kept["attempt"] == 2


def arriving(headers: dict[str, Any], **properties: Any) -> Message:
    """Return the message as it comes from the broker."""
    tolerate_bad_headers()
    return received(over_the_wire(BasicProperties(headers=headers, **properties)), b"body")


LARGE = {
    "many": {f"h{i:04}": i for i in range(6000)},
    "long values": {f"h{i}": "x" * 50_000 for i in range(2)},
    "long names": {f"{i:0255}": None for i in range(400)},
    "tables": {"t": {f"k{i}": {} for i in range(10_000)}},
    "an array of nothing": {"a": [None] * 100_000},
    "deaths": {"x-death": [{f"k{i}": "x" * 100 for i in range(100)}] * 10},
}


@pytest.mark.usefixtures("_tolerant")
@pytest.mark.parametrize("headers", LARGE.values(), ids=LARGE)
def test_large_headers_are_cut_when_they_arrive(headers):
    ours = {"retry-attempt": 2, "schema-version": 1, "traceparent": "00-1"}
    kept = arriving({**headers, **ours}).headers
    assert len(pickle.dumps(kept)) < 150_000
    assert ours.items() <= kept.items()


@pytest.mark.usefixtures("_tolerant")
def test_deaths_that_the_broker_tells_stay_readable_among_large_headers():
    death = {"reason": "expired", "queue": "other", "count": 1}
    kept = arriving({"x-death": [death], "h": "x" * 5000}).headers
    assert kept["x-death"] == [death]


@pytest.mark.usefixtures("_tolerant")
def test_a_few_headers_stay_as_they_came():
    headers = {"tenant": 7, "deep": {"a": [1, {"b": None}]}, "traceparent": "00-1"}
    assert arriving(headers).headers == headers


@pytest.mark.usefixtures("_tolerant")
@pytest.mark.parametrize("headers", LARGE.values(), ids=LARGE)
def test_the_size_of_a_message_counts_its_properties(headers):
    pieces: list[bytes] = []
    wire_bytes = data.encode_table(pieces, headers)
    message = arriving(headers, correlation_id="c" * 200)
    assert message.size > 10 * (wire_bytes + 200)
    assert message.size > len(pickle.dumps(message.headers))


@pytest.fixture
def _tolerant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "decode_table", data.decode_table)  # put back at the end
    monkeypatch.setattr(BasicProperties, "decode", BasicProperties.decode)


def test_a_long_header_is_cut():
    kept = message("t", b"", headers={"h": "x" * 5000}).stored().properties["headers"]
    assert kept == {"h": "x" * 1024}


def test_a_long_header_name_is_cut():
    kept = message("t", b"", headers={"x" * 10 + "h" * 200: 1, "h" * 200: 2}).stored()
    assert [len(name) for name in kept.properties["headers"]] == [128, 128]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True),
        (None, None),
        (-5, -5),
        (2**63 - 1, 2**63 - 1),
        ("text", "text"),
        (b"caf\xe9", "caf\\xe9"),
        (1.5, "1.5"),
        (Decimal("1.50"), "1.50"),
        (["a", 1], "['a', 1]"),
        ({"a": 1}, "{'a': 1}"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        ("a\0b", "a\\x00b"),
    ],
    ids=str,
)
def test_a_header_is_kept_as_a_scalar(value, kept):
    assert message("t", b"", headers={"h": value}).stored().properties["headers"] == {"h": kept}


header_values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
    | st.binary(max_size=50)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=999)
    | st.lists(st.integers(0, 100), max_size=3)
)


@pytest.mark.parametrize(
    "value", [2**63, -(2**63) - 1, int(1e300)], ids=["2**63", "-(2**63)-1", "1e300"]
)
def test_a_number_that_amqp_cannot_carry_becomes_text(value):
    # pika turns a double into an int of any size.
    stored = message("t", b"", headers={"h": value}).stored()
    assert over_the_wire(properties_of_command(stored)).headers == {"h": str(value)}


@given(st.dictionaries(st.text("abcx-", min_size=1, max_size=20), header_values, max_size=5))
def test_whatever_was_received_can_be_stored_and_sent_again(headers):
    stored = message("t", b"", headers=headers).stored()
    restored = StoredCommand(b"", json.loads(json.dumps(stored.properties)))
    again = over_the_wire(properties_of_command(restored))
    assert (again.headers or {}) == stored.properties["headers"]


@pytest.mark.parametrize("value", [["side"], "side", 7, None])
@pytest.mark.parametrize("name", ["CC", "BCC"])
def test_a_command_is_not_sent_again_to_the_queues_it_was_copied_to(name, value):
    stored = message("t", b"", headers={name: value, "cc": "c"}).stored()
    assert name in stored.properties["headers"]  # it is kept for people
    assert properties_of_command(stored).headers == {"cc": "c"}


def test_a_command_is_sent_again_without_what_only_a_newer_release_knows():
    stored = message("t", b"", app_id="shop").stored()
    newer = StoredCommand(b"", {**stored.properties, "shard": 7})
    assert properties_of_command(newer) == properties_of_command(stored)


def test_a_reply_address_of_another_channel_is_not_sent_again():
    stored = message("t", b"", reply_to="amq.rabbitmq.reply-to").stored()
    assert properties_of_command(stored).reply_to is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "thing.Created"),
        ("content_type", "application/json"),
        ("delivery_mode", 2),
        ("message_id", "id"),
        ("correlation_id", "cause"),
        ("timestamp", 1_767_323_045),
        ("app_id", "billing"),
        ("headers", {"aggregate-version": 3}),
        ("reply_to", None),
    ],
)
def test_an_event_has_its_public_properties(name, value):
    assert getattr(over_the_wire(properties_of_message(EVENT, "billing")), name) == value


def test_text_stays_as_it_is():
    assert printable("žluť 🐎\n") == "žluť 🐎\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"caf\xe9", "caf\\xe9"),
        ("\0", "\\x00"),
        ("\ud800", "\\ud800"),
        (ValueError("no"), "no"),
        (7, "7"),
    ],
)
def test_what_is_no_storable_text_becomes_some(value, text):
    assert printable(value) == text


def test_text_is_cut_at_a_number_of_bytes():
    assert printable("x" * 20, 8) == "x" * 8


def test_text_is_not_cut_within_a_character():
    assert printable("ž" * 20, 5) == "žž"


@given(st.one_of(st.text(), st.binary()), st.integers(1, 50))
def test_any_value_becomes_text_that_can_be_stored(value, limit):
    data = printable(value, limit).encode()
    assert b"\0" not in data
    assert len(data) <= limit


def test_times_in_headers_have_milliseconds_and_an_offset():
    text = now_text()
    assert datetime.fromisoformat(text).utcoffset().total_seconds() == 0
    assert len(text) == len("2026-01-02T03:04:05.678+00:00")


def test_a_new_command_says_its_version_and_who_is_to_be_answered():
    properties = properties_of_new_command("entity.Create", "an id", 2, "a queue")
    assert (properties.type, properties.message_id) == ("entity.Create", "an id")
    assert (properties.headers, properties.reply_to) == ({"schema-version": 2}, "a queue")

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pika import BasicProperties

from domain.messages import CommandID, CommandRejected, EventID
from persistence.dtos import SavedEvent
from persistence.messages import OutgoingMessage
from tests.sample.thing import ThingID, Updated
from tests.support.messages import UPDATE, codec, message
from worker.amqp.wire import properties_of_message
from worker.consumer.envelopes import Envelopes

COMMAND_ID, EVENT_ID, THING_ID = UUID(int=1), UUID(int=2), UUID(int=3)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TIME = datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC)


def of_change(*, at: datetime | None = None, **properties: object) -> OutgoingMessage:
    event = Updated(
        command_id=CommandID(COMMAND_ID),
        event_id=EventID(EVENT_ID),
        timestamp=at or TIME,
        thing_id=ThingID(THING_ID),
        value="blue",
    )
    saved = SavedEvent(event, "thing", THING_ID, 7)
    (only,) = Envelopes(codec()).of_change(saved, message(UPDATE, {}, **properties))
    return only


def of_ending(**properties: object) -> OutgoingMessage:
    event = CommandRejected(
        command_id=CommandID(COMMAND_ID), command_type=UPDATE, code="not-found", reason="None."
    )
    return Envelopes(codec()).of_ending(event, message(UPDATE, {}, **properties))


def test_the_type_is_the_public_name():
    assert of_change().type == "thing.Updated"


def test_the_message_id_is_the_id_of_the_event():
    assert of_change().message_id == str(EVENT_ID)


def test_the_timestamp_is_in_whole_seconds_of_the_event():
    assert of_change().timestamp == int(TIME.timestamp())


@pytest.mark.parametrize(
    "at", [datetime(1969, 12, 31, 23, 59, 58, tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]
)
def test_an_event_before_the_times_of_amqp_is_the_failure_of_its_command(at):
    with pytest.raises(ValueError, match="no time before 1970"):
        of_change(at=at)


@pytest.mark.parametrize("at", [datetime.fromtimestamp(0, UTC), datetime.max.replace(tzinfo=UTC)])
def test_an_event_at_the_limits_of_time_can_be_sent(at):
    event = properties_of_message(of_change(at=at), "app")
    assert BasicProperties().decode(b"".join(event.encode())).timestamp == int(at.timestamp())


def test_the_headers_say_cause_and_place():
    assert of_change().headers == {
        "causation-id": str(COMMAND_ID),
        "schema-version": 1,
        "aggregate-type": "thing",
        "aggregate-id": str(THING_ID),
        "aggregate-version": 7,
    }


def test_an_ending_has_no_place_in_an_aggregate():
    assert of_ending().headers == {"causation-id": str(COMMAND_ID), "schema-version": 1}


def test_an_ending_has_its_public_name():
    assert of_ending().type == "CommandRejected"


def test_the_correlation_id_of_the_sender_is_copied():
    assert of_change(correlation_id="order 66").correlation_id == "order 66"


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_correlation_id_it_is_the_command_id(given):
    assert of_change(correlation_id=given).correlation_id == str(COMMAND_ID)


def test_the_trace_of_the_sender_is_copied():
    headers = of_change(headers={"traceparent": TRACE, "tracestate": "a=1"}).headers
    assert (headers["traceparent"], headers["tracestate"]) == (TRACE, "a=1")


def test_the_trace_is_copied_to_an_ending_too():
    assert of_ending(headers={"traceparent": TRACE}).headers["traceparent"] == TRACE


def test_a_trace_without_state_is_copied():
    assert "tracestate" not in of_change(headers={"traceparent": TRACE}).headers


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00",
        TRACE + "-x",
        TRACE.upper(),
        "ff" + TRACE[2:],
        TRACE[:3] + "0" * 32 + TRACE[35:],
        TRACE[:36] + "0" * 16 + TRACE[52:],
        TRACE + "\n",
        b"\xff",
        7,
        None,
        TRACE.replace("0", "\u0660"),
    ],
)
def test_what_is_no_trace_is_not_copied(parent):
    headers = of_change(headers={"traceparent": parent, "tracestate": "a=1"}).headers
    assert not {"traceparent", "tracestate"} & headers.keys()


def test_a_state_without_trace_is_not_copied():
    assert "tracestate" not in of_change(headers={"tracestate": "a=1"}).headers


@pytest.mark.parametrize("state", [7, b"\xff", None])
def test_a_state_that_is_no_text_is_not_copied(state):
    headers = of_change(headers={"traceparent": TRACE, "tracestate": state}).headers
    assert "tracestate" not in headers


@pytest.mark.parametrize("state", ["x" * 513, "a=\0", "a=ž", ""])
def test_a_state_that_is_long_or_not_printable_is_left_out(state):
    headers = of_change(headers={"traceparent": TRACE, "tracestate": state}).headers
    assert "tracestate" not in headers


def test_other_headers_of_the_sender_are_not_copied():
    assert "tenant" not in of_change(headers={"tenant": "7"}).headers


def test_a_sender_cannot_forge_the_place():
    headers = of_change(headers={"aggregate-version": 99, "causation-id": "x"}).headers
    assert (headers["aggregate-version"], headers["causation-id"]) == (7, str(COMMAND_ID))

"""What the log says of commands: whose line it is, and nothing of what is in them."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.inbox import inbox
from persistence.messages import OutgoingMessage
from persistence.relay_session import RelaySession
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.component import Component
from worker.consumer.naming import line_about, line_about_outgoing
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.relay.unsendable import give_up_message, give_up_retry

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
CONTENT = "what only the sender and the aggregate shall know"


def fail(command: Command) -> None:
    raise RuntimeError("a bug")


@pytest.fixture
def parts(sqlite: Database) -> Component:
    return component(sqlite)


@pytest.fixture
def failing(sqlite: Database) -> Component:
    return component(sqlite, fail, max_attempts=2)


def named(received: Received) -> dict[str, Any]:
    """Return what a line about this create command has to have."""
    assert received.command_id is not None
    return {
        "type": CREATE,
        "command_id": received.command_id,
        "aggregate_id": UUID(json.loads(received.message.body)["thing_id"]),
        "correlation_id": "order-7",
        "trace_id": TRACE,
    }


def creating() -> Received:
    return read(CREATE, create(), correlation_id="order-7", headers=HEADERS)


def has(line: dict[str, Any], named: dict[str, Any]) -> bool:
    return named.items() <= line.items()


def test_a_command_is_named_by_its_ids(parts):
    received = creating()
    expected = {"event": "it", **named(received), "more": 1}
    assert line_about(parts, received, "it", more=1) == expected


def test_a_command_without_correlation_id_has_that_of_its_events(parts):
    received = read(CREATE, create())
    assert line_about(parts, received, "it")["correlation_id"] == received.command_id


def test_a_header_that_is_copied_takes_the_place_of_nothing(sqlite):
    copying = component(sqlite, correlation_headers=("command_id", "event", "user-id"))
    headers = {"command_id": "forged", "event": "forged", "user-id": "ann"}
    received = read(CREATE, create(), headers=headers)
    line = line_about(copying, received, "it")
    assert (line["command_id"], line["event"], line["user-id"]) == (
        received.command_id,
        "it",
        "ann",
    )


@pytest.mark.parametrize("parent", ["", "x", f"00-{'0' * 32}-00f067aa0ba902b7-01", 7])
def test_what_is_no_trace_has_no_id(parts, parent):
    received = read(CREATE, create(), headers={"traceparent": parent})
    assert "trace_id" not in line_about(parts, received, "it")


def test_what_there_is_not_is_not_said(parts):
    assert line_about(parts, read(None, b"{"), "it") == {"event": "it"}


def test_an_event_is_named_by_its_own_id_and_those_of_its_command(parts):
    cause = str(uuid4())
    headers = {"causation-id": cause, "aggregate-version": 7, **HEADERS}
    event = OutgoingMessage("thing.Updated", "{}", "m", "c", 0, headers)
    assert line_about_outgoing(parts, event, UUID(int=7), "it") == {
        "event": "it",
        "type": "thing.Updated",
        "message_id": "m",
        "command_id": cause,
        "aggregate_id": UUID(int=7),
        "aggregate_version": 7,
        "correlation_id": "c",
        "trace_id": TRACE,
    }


def test_every_line_about_a_failing_command_names_it(failing):
    received = creating()
    with capture_logs() as logs:
        Processor(failing).apply([received])
    assert {line["event"] for line in logs} == {"command settled", "traceback", "attempt failed"}
    assert [line for line in logs if not has(line, named(received))] == []


def test_the_line_about_a_crash_names_the_command(parts):
    received = creating()
    with capture_logs() as logs:
        Processor(parts).give_up([received])
    (line,) = [line for line in logs if line["event"] == "command given up"]
    assert has(line, named(received))


def sent_again(parts: Component) -> Any:
    """Return the retry that waits, as the relay reads it when it is due."""
    with parts.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE retries SET due_at = '2000-01-01 00:00:00'")
    with RelaySession(parts.database, "tests") as session:
        (row,) = session.due(1)
    return row


def test_the_line_about_a_retry_that_cannot_be_sent_names_its_command(failing):
    received = creating()
    Processor(failing).apply([received])
    row = sent_again(failing)
    with capture_logs() as logs:
        give_up_retry(failing, row, "why")
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert has(line, named(received))


def test_commands_that_end_well_one_by_one_are_no_lines_at_info(parts):
    processor = Processor(parts)
    thing_id = uuid4()
    with capture_logs() as logs:
        for received in (
            creating(),
            *[read(CREATE, create(thing_id))] * 2,
            read(UPDATE, update(thing_id)),
            read(UPDATE, update(uuid4())),
            read(UPDATE, b"{"),
        ):
            processor.apply([received])
    assert {entry["status"] for entry in rows(parts.database, inbox)} == {"applied", "rejected"}
    assert [line for line in logs if line["log_level"] != "debug"] == []


def test_nothing_of_a_body_is_ever_logged(failing, parts):
    thing_id, twice = uuid4(), str(uuid4())
    processor, other = Processor(failing), Processor(parts)
    with capture_logs() as logs:
        other.apply([read(CREATE, create(thing_id))])
        for body in (
            update(thing_id, CONTENT),
            update(uuid4(), CONTENT),
            update(thing_id, CONTENT, command_id=twice),
            update(thing_id, CONTENT + "!", command_id=twice),
            update(thing_id, [CONTENT]),
            {"value": CONTENT, "thing_id": CONTENT},
            f'{{"value": "{CONTENT}'.encode(),
            update(thing_id, CONTENT * 1000),
        ):
            received = read(UPDATE, body)
            other.apply([received])
            processor.apply([received])
            other.give_up([received])
        processor.apply([received := read(UPDATE, update(thing_id, CONTENT))])
        give_up_retry(failing, sent_again(failing), "why")
        event = OutgoingMessage("thing.Updated", CONTENT, "m", "c", 0, {})
        with parts.unit_of_work() as unit:
            unit.outbox.add(event, aggregate_id=thing_id)
            unit.commit()
        with RelaySession(parts.database, "tests") as session:
            for row in session.events(100):
                give_up_message(parts, row, "event", "why")
    assert len(rows(parts.database, dead_letters)) > 5
    assert len(logs) > 20
    assert CONTENT not in str(logs)

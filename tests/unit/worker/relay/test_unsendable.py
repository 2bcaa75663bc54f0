"""What becomes of a row that cannot go out, with a real database."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.endings import APPLIED, FAILED, RETRYING
from persistence.inbox import InboxEntry, inbox
from persistence.messages import OutgoingMessage
from persistence.outbox import outbox
from persistence.relay_queries import OutboxRow, RetryRow
from persistence.relay_session import RelaySession
from persistence.retries import retries
from tests.support.component import component, rows
from tests.support.messages import CREATE, create, message, read
from worker.amqp.wire import ATTEMPT_HEADER
from worker.component import Component
from worker.dead.replay import replay
from worker.relay.unsendable import give_up_message, give_up_retry

CAUSE = str(uuid4())
EVENT = OutgoingMessage(
    "thing.Updated",
    json.dumps({"large": "ž" * 100_000}, ensure_ascii=False),
    str(uuid4()),
    "c",
    -1,
    {"causation-id": CAUSE, "aggregate-version": 7},
)


@pytest.fixture
def parts(database: Database) -> Component:
    return component(database)


def stored(parts: Component, **to: Any) -> OutboxRow:
    """Put the event into the outbox and read it as the relay does."""
    with parts.unit_of_work() as unit:
        unit.outbox.add(EVENT, **to)
        unit.commit()
    with RelaySession(parts.database, parts.settings.component_name) as session:
        (row,) = [*session.events(2), *session.replies(2)]
    return row


@pytest.mark.parametrize(
    "to", [{"aggregate_id": UUID(int=7)}, {"reply_to": "sender"}, {}], ids=["event", "reply", "end"]
)
def test_what_is_set_aside_is_kept_whole_and_goes_back_as_it_was(database, parts, to):
    row = stored(parts, **to)
    give_up_message(parts, row, "event", "why")
    (letter,) = rows(database, dead_letters)
    assert rows(database, outbox) == []
    assert (letter["kind"], letter["reason"], letter["type"]) == ("unsendable", "why", EVENT.type)
    assert (letter["body"], letter["command_id"]) == (EVENT.body.encode(), UUID(CAUSE))
    replay(parts, letter["id"])
    (again,) = rows(database, outbox)
    with RelaySession(database, parts.settings.component_name) as session:
        (back,) = [*session.events(2), *session.replies(2)]
    assert back == row._replace(id=again["id"])
    assert rows(database, dead_letters) == rows(database, retries) == []


def test_it_is_said_which_event_is_missing_where(parts):
    row = stored(parts, aggregate_id=UUID(int=7))
    with capture_logs() as logs:
        give_up_message(parts, row, "event", "why")
    assert logs == [
        {
            "event": "this event cannot be sent and is set aside",
            "log_level": "error",
            "type": EVENT.type,
            "message_id": EVENT.message_id,
            "command_id": CAUSE,
            "correlation_id": "c",
            "aggregate_id": UUID(int=7),
            "aggregate_version": 7,
            "reason": "why",
        }
    ]


def test_a_row_that_has_gone_meanwhile_is_no_dead_letter(database, parts):
    row = stored(parts)
    assert give_up_message(parts, row, "event", "why")
    with capture_logs() as logs:
        assert not give_up_message(parts, row, "event", "why")
    assert (len(rows(database, dead_letters)), logs) == (1, [])


def test_a_retry_that_has_gone_meanwhile_is_not_given_up_again(database, parts):
    _, row = waiting(parts)
    assert give_up_retry(parts, row, "why")
    with capture_logs() as logs:
        assert not give_up_retry(parts, row, "why")
    assert (len(rows(database, dead_letters)), logs) == (1, [])


def test_the_row_of_another_component_is_left_alone(database, parts):
    row = stored(parts)
    give_up_message(component(database, component_name="other"), row, "event", "why")
    assert len(rows(database, outbox)) == 1
    assert rows(database, dead_letters) == []


def waiting(parts: Component, status: str = RETRYING, attempt: int = 2, **properties: Any) -> Any:
    """Store a command that waits for its second attempt; return its id and the retry's row."""
    body, known = create(), {"headers": {ATTEMPT_HEADER: 2, "CC": "x"}, **properties}
    received = read(CREATE, body)
    entry = InboxEntry(received.command_id, received.digest, status, attempt, None)
    with parts.unit_of_work() as unit:
        unit.inbox.record(entry)
        unit.retries.add(message(CREATE, body, **known).stored(), datetime.now(UTC))
        unit.commit()
    with RelaySession(parts.database, parts.settings.component_name) as session:
        (row,) = session.due(2)
    return received.command_id, row


def test_the_command_of_a_retry_that_cannot_be_sent_ends_as_failed(database, parts):
    command_id, row = waiting(parts, reply_to="sender")
    give_up_retry(parts, row, "error: '/etc/passwd' for amqp://u:secret@h")
    assert rows(database, retries) == []
    (entry,) = rows(database, inbox)
    assert (entry["status"], entry["outcome"]["type"]) == (FAILED, "CommandFailed")
    announced, replied = rows(database, outbox)
    assert json.loads(announced["body"])["code"] == "unsendable"
    assert (replied["body"], replied["reply_to"]) == (announced["body"], "sender")
    assert json.loads(announced["body"])["reason"] == "It could not be sent again."
    (letter,) = rows(database, dead_letters)
    assert (letter["kind"], letter["command_id"]) == ("unsendable", command_id)
    assert letter["reason"] == "error: '/etc/passwd' for amqp://u:secret@h"


@pytest.mark.parametrize(("status", "attempt"), [(APPLIED, 2), (RETRYING, 3), (FAILED, 2)])
def test_a_retry_that_nobody_waits_for_just_goes(database, parts, status, attempt):
    _, row = waiting(parts, status, attempt)
    with capture_logs() as logs:
        assert not give_up_retry(parts, row, "why")
    assert [log for log in logs if log["log_level"] == "error"] == []
    assert rows(database, retries) == rows(database, outbox) == rows(database, dead_letters) == []
    assert [entry["status"] for entry in rows(database, inbox)] == [status]


@pytest.mark.parametrize("odd", [{"colour": "red"}, {"headers": [1]}, {"headers": None}, []])
def test_a_retry_with_properties_that_nobody_knows_is_given_up_too(database, parts, odd):
    _, row = waiting(parts)
    properties: Any = {**row.command.properties, **odd} if odd else odd
    give_up_retry(parts, RetryRow(row.id, type(row.command)(row.command.body, properties)), "why")
    assert [letter["kind"] for letter in rows(database, dead_letters)] in (["unsendable"], [])
    assert rows(database, retries) == []


@pytest.mark.parametrize("spoilt", [[], "text", {}, {"headers": {"n": 1e999}}], ids=repr)
def test_whatever_a_retry_has_become_its_command_ends(database, parts, spoilt):
    command_id, row = waiting(parts)
    command = replace(row.command, properties=spoilt)
    give_up_retry(parts, row._replace(command=command, command_id=command_id, attempt=2), "why")
    (entry,) = rows(database, inbox)
    assert (entry["command_id"], entry["status"]) == (command_id, FAILED)
    assert entry["digest"] == read(CREATE, json.loads(row.command.body)).digest
    assert [letter["kind"] for letter in rows(database, dead_letters)] == ["unsendable"]
    assert rows(database, retries) == []


def test_an_event_with_a_number_that_json_does_not_know_is_set_aside_too(database, parts):
    row = stored(parts)
    message = row.message._replace(headers={"causation-id": CAUSE, "n": float("inf")})
    assert give_up_message(parts, row._replace(message=message), "event", "why")
    (letter,) = rows(database, dead_letters)
    assert letter["properties"]["headers"] == str(message.headers)
    assert rows(database, outbox) == []


def test_a_retry_without_a_command_id_is_a_dead_letter(database, parts):
    with parts.unit_of_work() as unit:
        unit.retries.add(message(CREATE, b"{").stored(), datetime.now(UTC))
        unit.commit()
    with RelaySession(database, parts.settings.component_name) as session:
        (row,) = session.due(1)
    give_up_retry(parts, row, "why")
    assert [letter["kind"] for letter in rows(database, dead_letters)] == ["unsendable"]
    assert rows(database, retries) == rows(database, inbox) == []

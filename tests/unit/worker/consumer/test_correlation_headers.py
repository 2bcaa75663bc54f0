"""What says who asked, and in which session, is on all that comes of a command."""

from typing import Any
from uuid import uuid4

import pytest
from pika import BasicProperties
from structlog.testing import capture_logs

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.outbox import outbox
from persistence.retries import retries
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.amqp.wire import MAX_HEADERS, received
from worker.consumer.processor import Processor

WHO = {"user-id": "u-1", "session-id": 7}


def sent(database: Database) -> list[dict[str, Any]]:
    """Return of each message that waits to be published what it says of who asked."""
    return [
        {name: value for name, value in row["headers"].items() if name in WHO}
        for row in rows(database, outbox)
    ]


@pytest.fixture
def processor(sqlite: Database) -> Processor:
    return Processor(component(sqlite))


@pytest.fixture
def buggy(sqlite: Database) -> Processor:
    def fail(command: Command) -> None:
        raise RuntimeError("a bug")

    return Processor(component(sqlite, fail, max_attempts=2))


def test_events_and_replies_have_the_headers(processor, sqlite):
    processor.apply([read(CREATE, create(), headers=WHO, reply_to="r")])
    assert sent(sqlite) == [WHO, WHO]


@pytest.mark.parametrize(("type_", "body"), [(UPDATE, update(uuid4())), (CREATE, {"no": "fields"})])
def test_rejections_and_failures_have_the_headers(processor, sqlite, type_, body):
    command = {"command_id": str(uuid4()), **body}
    processor.apply([read(type_, command, headers=WHO, reply_to="r")])
    assert sent(sqlite) == [WHO, WHO]


def test_an_answer_to_what_is_no_command_has_the_headers(processor, sqlite):
    processor.apply([read(CREATE, b"{", headers=WHO, reply_to="r")])
    assert sent(sqlite) == [WHO]


def test_retries_and_dead_letters_have_the_headers(buggy, sqlite):
    command = read(CREATE, create(), headers=WHO)
    buggy.apply([command])
    (retry,) = rows(sqlite, retries)
    assert retry["properties"]["headers"].items() >= WHO.items()
    properties = dict(retry["properties"])
    buggy.apply([read(properties.pop("type"), retry["body"], **properties)])
    (letter,) = rows(sqlite, dead_letters)
    assert letter["properties"]["headers"].items() >= WHO.items()
    assert sent(sqlite) == [WHO]


def test_the_headers_outlive_many_others(sqlite):
    others = {f"h{i:03}": i for i in range(2 * MAX_HEADERS)}
    came = received(BasicProperties(type=CREATE, headers=others | WHO), b"{", list(WHO))
    assert came.headers.items() >= WHO.items()
    assert came.stored().properties["headers"].items() >= WHO.items()


def test_only_the_headers_that_are_named_are_copied(sqlite):
    processor = Processor(component(sqlite, correlation_headers=("session-id",)))
    processor.apply([read(CREATE, create(), headers=WHO)])
    assert sent(sqlite) == [{"session-id": 7}]


def test_a_sender_cannot_put_on_events_what_is_ours(processor, sqlite):
    processor.apply([read(CREATE, create(), headers={**WHO, "aggregate-version": 99})])
    (event,) = rows(sqlite, outbox)
    assert event["headers"]["aggregate-version"] == 1


def test_what_is_logged_of_a_command_has_the_headers(buggy):
    command = read(CREATE, create(), headers=WHO)
    with capture_logs() as lines:
        buggy.apply([command])
    assert [line["event"] for line in lines] == ["command settled", "traceback", "attempt failed"]
    assert all(line.items() >= WHO.items() for line in lines)


def test_a_header_takes_the_place_of_nothing_that_the_log_says_itself(sqlite):
    processor = Processor(component(sqlite, correlation_headers=("command_id", "event")))
    command = read(CREATE, create(), headers={"command_id": "x", "event": "y"})
    with capture_logs() as lines:
        processor.apply([command])
    assert lines[0]["command_id"] == command.command_id
    assert lines[0]["event"] == "command settled"

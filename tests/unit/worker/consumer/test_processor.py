"""What fits into one transaction."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from persistence.database import Database
from persistence.inbox import inbox
from persistence.retries import retries
from tests.support.component import component, rows
from tests.support.messages import CREATE, codec, create, message
from worker.amqp.wire import ATTEMPT_HEADER
from worker.consumer import processor as module
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader, Received


class Clock:
    """Goes on by so many seconds with each command."""

    def __init__(self) -> None:
        self.now = 0.0
        self.each = 0.0

    def __call__(self) -> float:
        return self.now

    def tick(self, command: object) -> None:
        self.now += self.each


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def processor(database: Database, clock: Clock) -> Processor:
    return Processor(component(database, clock.tick))


def commands(count: int, **headers: int) -> Sequence[Received]:
    reader = Reader(codec(), 10_000)
    messages = [message(CREATE, create(uuid4()), headers=headers) for _ in range(count)]
    return [reader.read(one) for one in messages]


def test_a_batch_ends_when_its_time_is_used_up(processor, clock, database):
    clock.each = 0.5  # of nearly two seconds
    batch = commands(10)
    assert processor.apply(batch) == {"applied": 4}
    done = {row["command_id"] for row in rows(database, inbox)}
    assert done == {received.command_id for received in batch[:4]}


def test_one_command_is_done_however_long_it_takes(processor, clock):
    clock.each = 60
    assert processor.apply(commands(3)) == {"applied": 1}


def test_a_batch_with_time_is_done_whole(processor):
    assert processor.apply(commands(10), lock_wait=0.1) == {"applied": 10}


def test_a_rehearsal_leaves_nothing(processor, database):
    processor.rehearse(commands(3))
    assert rows(database, inbox) == []


def test_what_is_postponed_comes_again_as_the_same_attempt(processor, database):
    assert processor.postpone(commands(1)) == {"retrying": 1}
    (entry,) = rows(database, inbox)
    (retry,) = rows(database, retries)
    assert (entry["status"], entry["attempt"]) == ("retrying", 1)
    assert retry["properties"]["headers"][ATTEMPT_HEADER] == 1


def test_what_was_postponed_is_applied_once(processor, database):
    (postponed,) = commands(1)
    processor.postpone([postponed])
    headers = {ATTEMPT_HEADER: 1}
    again = postponed._replace(message=postponed.message._replace(headers=headers))
    assert processor.apply([postponed]) == {"duplicate": 1}
    assert processor.apply([again]) == {"applied": 1}
    assert processor.apply([again]) == {"duplicate": 1}

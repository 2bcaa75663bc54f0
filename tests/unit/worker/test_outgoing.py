"""What becomes of a bite that the broker takes, refuses, or ends the connection for."""

from typing import Any
from uuid import UUID

import pytest

from persistence.messages import OutgoingMessage, StoredCommand
from persistence.relay_session import BITE_BYTES, OutboxRow, RetryRow
from tests.support.component import settings
from worker.exceptions import BrokerUnavailable, MessagesRefused
from worker.metrics import Metrics
from worker.outgoing import BITE, CONNECTION_FORCED, Outgoing

MESSAGE = OutgoingMessage("t", "{}", "m", "c", 0, {})


class FakeSession:
    """An outbox in memory, and what was asked of it."""

    def __init__(self, rows: list[OutboxRow], retries: list[RetryRow]) -> None:
        self.rows, self.retries = rows, retries
        self.asked: list[int] = []

    def oldest(self, limit: int) -> list[OutboxRow]:
        self.asked.append(limit)
        return self.rows[:limit]

    def due(self, limit: int) -> list[RetryRow]:
        return self.retries[:limit]

    def delete_outbox(self, ids: Any) -> None:
        gone = set(ids)
        self.rows = [row for row in self.rows if row.id not in gone]

    def sent_retries(self, ids: Any) -> None:
        gone = set(ids)
        self.retries = [retry for retry in self.retries if retry.id not in gone]

    @property
    def left(self) -> list[int]:
        return [row.id for row in self.rows]


class FakePublisher:
    """Confirms everything, but nacks or returns what goes to these targets."""

    def __init__(self, nacks: set[str], returns: set[str], end: int | None) -> None:
        self.nacks, self.returns, self.end = nacks, returns, end
        self.targets: dict[int, str] = {}
        self.confirmed: set[int] = set()
        self.nacked: set[int] = set()
        self.returned: set[int] = set()

    def publish(self, exchange: str, key: str, body: bytes, properties: Any) -> int:
        number = len(self.targets) + 1
        self.targets[number] = exchange or key
        return number

    def wait(self) -> None:
        if self.end:
            raise BrokerUnavailable("the connection is closed", self.end)
        for number, target in self.targets.items():
            (self.nacked if target in self.nacks else self.confirmed).add(number)
            if target in self.returns:
                self.returned.add(number)

    def forget(self) -> None:
        self.targets.clear()
        for known in (self.confirmed, self.nacked, self.returned):
            known.clear()


def event(number: int) -> OutboxRow:
    return OutboxRow(number, None, UUID(int=number), MESSAGE)


def reply(number: int, queue: str = "sender") -> OutboxRow:
    return OutboxRow(number, queue, None, MESSAGE)


class World:
    def __init__(self) -> None:
        self.outgoing = Outgoing(settings(), Metrics())

    def send(
        self, *rows: OutboxRow, retries: int = 0, with_retries: bool = True, **fate: Any
    ) -> FakeSession:
        """Send once; the error, if any, is in `error`."""
        waiting = [RetryRow(n, StoredCommand(b"{}")) for n in range(retries)]
        session = FakeSession([*rows], waiting)
        publisher = FakePublisher(
            fate.get("nacks", set()), fate.get("returns", set()), fate.get("end")
        )
        self.error = None
        try:
            self.more = self.outgoing.send(session, publisher, with_retries=with_retries)
        except (MessagesRefused, BrokerUnavailable) as error:
            self.error = error
        return session


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_confirmed_is_deleted(world):
    session = world.send(event(1), reply(2), event(3), retries=2)
    assert (session.left, session.retries) == ([], [])


def test_retries_are_left_alone_where_none_can_be_due(world):
    session = world.send(event(1), retries=2, with_retries=False)
    assert (session.left, len(session.retries)) == ([], 2)


@pytest.mark.parametrize(
    ("rows", "retries", "more"),
    [
        ([], 0, False),
        ([event(1)], 1, False),
        ([*map(event, range(BITE))], 0, True),
        ([event(1)], BITE, True),
        ([OutboxRow(1, None, None, MESSAGE._replace(body="x" * BITE_BYTES))], 0, True),
    ],
    ids=["nothing", "a few", "many rows", "many retries", "a large row"],
)
def test_more_may_wait_behind_what_fills_a_bite(world, rows, retries, more):
    world.send(*rows, retries=retries)
    assert world.more is more


def test_a_refused_event_stays_and_is_told(world):
    session = world.send(event(1), reply(2), nacks={"tests.events"})
    assert isinstance(world.error, MessagesRefused)
    assert session.left == [1]


def test_a_refused_retry_stays_and_is_told(world):
    session = world.send(event(1), retries=1, nacks={"tests.commands"})
    assert isinstance(world.error, MessagesRefused)
    assert (session.left, len(session.retries)) == ([], 1)


def test_a_refused_reply_is_dropped(world):
    session = world.send(reply(1), event(2), nacks={"sender"})
    assert world.error is None
    assert session.left == []


def test_a_returned_event_is_dropped(world):
    assert world.send(event(1), returns={"tests.events"}).left == []


def test_a_returned_retry_stays(world):
    session = world.send(retries=1, returns={"tests.commands"})
    assert len(session.retries) == 1


def test_after_a_refusal_bites_begin_small_and_grow(world):
    world.send(event(1), event(2), nacks={"tests.events"})
    asked = [world.send(*map(event, range(10))).asked[0] for _ in range(4)]
    assert asked == [1, 2, 4, 8]


def test_bites_stop_growing(world):
    world.send(event(1), nacks={"tests.events"})
    asked = [world.send(event(1)).asked[0] for _ in range(20)]
    assert max(asked) == BITE


def test_a_reply_that_ends_a_connection_alone_is_dropped(world):
    assert world.send(reply(1), end=540).left == []
    assert isinstance(world.error, BrokerUnavailable)


def test_a_reply_is_not_blamed_for_a_broker_that_goes_away(world):
    assert world.send(reply(1), end=CONNECTION_FORCED).left == [1]


def test_an_event_that_ends_a_connection_stays(world):
    assert world.send(event(1), end=540).left == [1]


def test_after_a_closed_connection_rows_go_one_at_a_time(world):
    world.send(event(1), reply(2), end=540)
    assert world.send(event(1), reply(2)).asked == [1]

"""Many letters are replayed in batches, which stop in time; what came of it is kept."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from domain.messages import Command
from persistence import operations
from persistence.database import Database
from persistence.dead_letters import EVERY, DeadLetterViews, dead_letters
from persistence.exceptions import Collision, StorageUnavailable
from persistence.inbox import inbox
from persistence.operations import Operation, Operations
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.settling import settle_all
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing import UpdateValue
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.dead import operation as replaying
from worker.dead.letters import preview
from worker.dead.operation import Replaying, replay_one
from worker.exceptions import NotReplayable, Stopped


class World:
    """A component whose handler fails for the things that are broken; relay and consumer too."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.broken: dict[UUID, Exception] = {}
        self.component = component(database, self._sabotage, max_attempts=2)
        self.processor = Processor(self.component)
        self.views = DeadLetterViews(database, "tests")
        self.operations = Operations(database, "tests")
        self.batches: list[list[Received]] = []
        self.before_each: Callable[[], object] = lambda: None

    def _sabotage(self, command: Command) -> None:
        if isinstance(command, UpdateValue) and command.thing_id in self.broken:
            raise self.broken[command.thing_id].with_traceback(None)  # or it would grow

    def things(self, count: int) -> list[UUID]:
        """Return ids of things that there are, all of them broken."""
        ids = [uuid4() for _ in range(count)]
        self.processor.apply([read(CREATE, create(thing_id)) for thing_id in ids])
        self.broken |= dict.fromkeys(ids, RuntimeError("a bug"))
        return ids

    def fail(self, commands: list[dict[str, Any]]) -> list[int]:
        """Let updates fail until they are given up; return their letters."""
        before = self.views.last()
        self.processor.apply([read(UPDATE, body) for body in commands])
        while due := self._due():
            self.processor.apply(due)
        ids = [letter.id for letter in self.views.walk(EVERY) if letter.id > before]
        assert len(ids) == len(commands)
        return ids

    def failed(self, count: int) -> list[int]:
        """Return the letters of so many updates, each of a thing of its own."""
        return self.fail([update(thing_id, "x") for thing_id in self.things(count)])

    def consume(self, operation: Operation | None = None, quiet: float = 0) -> None:
        """Do what relay and consumer do while somebody watches an operation."""
        self.before_each()
        if due := self._due():
            self.batches.append(due)
            self.processor.apply(due)

    def _due(self) -> list[Received]:
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        with self.database.engine.begin() as connection:
            connection.execute(retries.update().values(due_at=long_ago))
        with RelaySession(self.database, "tests") as session:
            due = session.due(1000)
            session.sent_retries(row.id for row in due)
        return [read(body=row.command.body, **row.command.properties) for row in due]

    def replay(self, ids: list[int], **options: Any) -> Operation:
        self.replaying = Replaying(self.component, ids, self.consume, **options)
        return self.replaying.run("ann", {"ids": ids})

    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def counts(operation: Operation) -> dict[str, int]:
    names = "asked", "sent", "applied", "rejected", "failed_again", "skipped", "cancelled"
    return {name: count for name in names if (count := getattr(operation, name))}


def test_batches_grow_as_long_as_all_goes_well(world):
    ids = world.failed(40)
    world.broken.clear()
    ended = world.replay(ids)
    assert world.sizes() == [1, 2, 5, 20, 12]
    assert (ended.state, counts(ended)) == ("done", {"asked": 40, "sent": 40, "applied": 40})
    assert rows(world.database, dead_letters) == []


def test_the_same_failure_again_ends_it_and_each_was_tried_once(world):
    ids = world.failed(20)
    for thing_id in list(world.broken)[:4]:
        del world.broken[thing_id]
    ended = world.replay(ids)
    assert world.sizes() == [1, 2, 5]
    assert ended.state == "stopped"
    expected = {"asked": 20, "sent": 8, "applied": 4, "failed_again": 4, "cancelled": 12}
    assert counts(ended) == expected
    (group,) = {letter.fingerprint for letter in world.views.walk(EVERY)}
    assert ended.reason == f"The same failure came again: group {group}."
    assert world.views.count(EVERY) == 16


def test_a_failure_of_another_kind_ends_it_when_it_comes_again(world):
    ids = world.failed(20)
    for thing_id in world.broken:
        world.broken[thing_id] = ValueError("another bug")
    ended = world.replay(ids)
    assert world.sizes() == [1, 2]  # the first is news, and costs the others nothing
    assert counts(ended)["failed_again"] == 3


def test_a_new_failure_that_comes_once_ends_nothing(world):
    ids = world.failed(4)
    first = next(iter(world.broken))
    world.broken = {first: ValueError("another bug")}
    ended = world.replay(ids)
    expected = {"asked": 4, "sent": 4, "applied": 3, "failed_again": 1}
    assert (ended.state, counts(ended)) == ("done", expected)


def test_letters_of_one_aggregate_are_applied_in_their_order_each_after_the_one_before(world):
    one, other = world.things(2)
    values = [(one, "1"), (one, "2"), (one, "3"), (other, "1"), (other, "2")]
    ids = world.fail([update(thing_id, value) for thing_id, value in values])
    world.broken.clear()
    world.replay(ids)
    sent = [[(c.command.thing_id, c.command.value) for c in batch] for batch in world.batches]
    assert sent == [[(one, "1")], [(one, "2"), (other, "1")], [(one, "3"), (other, "2")]]


def test_what_failed_again_keeps_its_place_in_the_order(world):
    (one,) = world.things(1)
    ids = world.fail([update(one, str(number)) for number in range(3)])
    with world.database.engine.begin() as connection:  # in one millisecond
        connection.execute(dead_letters.update().values(attempts=["2026-01-01T00:00:00.000Z"]))
    assert world.replay(ids).state == "stopped"
    again = world.views.in_order(EVERY)
    assert again[0] == max(again)
    bodies = {letter.id: json.loads(letter.body)["value"] for letter in world.views.walk(EVERY)}
    assert [bodies[letter_id] for letter_id in again] == ["0", "1", "2"]


def test_one_that_cannot_be_sent_costs_the_others_nothing(world):
    ids = world.failed(4)
    world.broken.clear()
    with world.database.engine.begin() as connection:
        gone = dead_letters.c.id == ids[1]
        connection.execute(dead_letters.delete().where(gone))
        cut = dead_letters.update().where(dead_letters.c.id == ids[2])
        connection.execute(cut.values(body_bytes=10**6))
    ended = world.replay(ids)
    assert counts(ended) == {"asked": 4, "sent": 2, "applied": 2, "skipped": 2}
    assert world.replaying.left == {
        ids[1]: f"There is no dead letter {ids[1]}.",
        ids[2]: "Only the beginning of its body was kept; its sender must send it again.",
    }


def test_two_letters_of_one_command_are_sent_once(world):
    (letter_id,) = world.failed(1)
    world.broken.clear()
    (row,) = rows(world.database, dead_letters)
    with world.database.engine.begin() as connection:
        connection.execute(dead_letters.insert(), {**row, "id": letter_id + 1})
    ended = world.replay([letter_id, letter_id + 1])
    assert counts(ended) == {"asked": 2, "sent": 1, "applied": 1, "skipped": 1}
    assert "is applied; that stands" in world.replaying.left[letter_id + 1]


def test_a_batch_that_collides_is_sent_one_by_one(world):
    ids = world.failed(3)
    world.broken.clear()
    commit = UnitOfWork.commit
    large: list[int] = []

    def collide(unit: UnitOfWork) -> None:
        if len(unit.retries) > 1:
            large.append(len(unit.retries))
            raise Collision("Another transaction has settled a command of this batch.")
        commit(unit)

    with patch.object(UnitOfWork, "commit", collide):
        ended = world.replay(ids)
    assert large == [2]
    assert counts(ended) == {"asked": 3, "sent": 3, "applied": 3}


def test_what_comes_in_meanwhile_stays(world):
    ids = world.failed(5)
    world.broken.clear()
    (new,) = world.things(1)
    came: list[int] = []

    def come_in() -> None:
        if len(world.batches) == 1 and not came:
            came.append(0)
            came[0] = world.fail([update(new, "x")])[0]

    world.before_each = come_in
    world.replay(ids)
    assert [letter.id for letter in world.views.walk(EVERY)] == came


def test_a_stop_leaves_the_rest_and_says_so(world):
    ids = world.failed(9)
    world.broken.clear()

    def stop() -> None:
        if len(world.batches) == 2:
            raise Stopped

    world.before_each = stop
    ended = world.replay(ids)
    assert (ended.state, ended.sent, ended.cancelled) == ("cancelled", 3, 6)
    assert world.views.count(EVERY) == 6
    settle_all(world.database, "tests")
    assert world.operations.find(ended.id).applied == 3


def test_an_outage_ends_it_and_what_was_sent_is_told_later(world):
    ids = world.failed(9)
    world.broken.clear()

    def fail() -> None:
        if len(world.batches) == 2:
            raise StorageUnavailable("the server is gone")

    world.before_each = fail
    with pytest.raises(StorageUnavailable):
        world.replay(ids)
    (ended,) = world.operations.latest(10)
    assert (ended.state, ended.reason, ended.sent) == ("broken off", "the server is gone", 3)


def test_a_rate_is_kept(world, monkeypatch):
    ids = world.failed(7)
    world.broken.clear()
    slept: list[float] = []
    monkeypatch.setattr(replaying, "sleep", slept.append)
    monkeypatch.setattr(replaying, "monotonic", lambda: 100.0)
    world.replay(ids, rate=2)
    assert world.sizes() == [1, 2, 2, 2]
    assert [pause for pause in slept if pause > 0.3] == [0.5, 1.5, 2.5]


def test_a_process_that_was_killed_leaves_an_operation_that_says_so(world, monkeypatch):
    world.operations.begin("ann", {}, 5)
    (running,) = world.operations.latest(10)
    later = world.database.now() + timedelta(minutes=3)
    monkeypatch.setattr(world.database, "now", lambda: later)
    (broken_off,) = world.operations.latest(10)
    assert (running.state, broken_off.state) == ("running", "broken off")


def test_one_is_replayed_with_all_its_attempts_and_its_operation_tells_what_came_of_it(world):
    (letter_id,) = world.failed(1)
    replay_one(world.component, letter_id, "ann")
    (asked,) = world.operations.latest(10)
    assert (asked.state, asked.sent, asked.waiting) == ("done", 1, 1)
    world.consume()
    settle_all(world.database, "tests")
    assert world.operations.find(asked.id).waiting == 1
    world.broken.clear()
    world.consume()
    settle_all(world.database, "tests")
    assert counts(world.operations.find(asked.id)) == {"asked": 1, "sent": 1, "applied": 1}


def test_a_letter_that_cannot_be_replayed_is_an_operation_too(world):
    with pytest.raises(NotReplayable):
        replay_one(world.component, 7, "ann")
    (asked,) = world.operations.latest(10)
    assert (asked.reason, counts(asked)) == (
        "There is no dead letter 7.",
        {"asked": 1, "skipped": 1},
    )


def test_what_ended_is_counted_once_whoever_looks(world):
    ids = world.failed(3)
    world.broken.clear()
    ended = world.replay(ids)
    for _ in range(2):
        settle_all(world.database, "tests")
    assert world.operations.find(ended.id).applied == 3
    assert rows(world.database, operations.operation_commands) == []


def test_what_the_inbox_has_forgotten_is_waited_for_no_more(world):
    (letter_id,) = world.failed(1)
    replay_one(world.component, letter_id, "ann")
    with world.database.engine.begin() as connection:
        connection.execute(inbox.delete())
    settle_all(world.database, "tests")
    (asked,) = world.operations.latest(10)
    assert (asked.sent, asked.waiting, asked.applied) == (1, 0, 0)


def test_an_event_is_put_back_and_counts_as_sent(world):
    (letter_id,) = world.failed(1)
    event = {
        "sent-as": "event",
        "message_id": "m",
        "correlation_id": "c",
        "timestamp": 0,
        "headers": {},
        "reply_to": None,
        "aggregate_id": None,
    }
    with world.database.engine.begin() as connection:
        connection.execute(dead_letters.update().values(properties=event, type="thing.Updated"))
        connection.execute(outbox.delete())
    assert counts(world.replay([letter_id])) == {"asked": 1, "sent": 1}
    assert [row["message_id"] for row in rows(world.database, outbox)] == ["m"]


def test_a_preview_tells_what_can_be_read_and_changes_nothing(world):
    (good,) = world.failed(1)
    world.processor.apply([read(UPDATE, update(uuid4(), 7)) for _ in range(2)])
    world.processor.apply([read("thing.Explode", create())])
    before = rows(world.database, dead_letters)
    ids = [*world.views.in_order(EVERY), 999]
    found = preview(world.component, world.views, ids)
    assert found.readable == 1
    assert good not in found.left
    whys = Counter(dict(found.reasons))
    assert [count for _, count in found.reasons] == [2, 1, 1]
    assert whys["It still cannot be read (invalid): value: Not a valid string."] == 2
    assert rows(world.database, dead_letters) == before

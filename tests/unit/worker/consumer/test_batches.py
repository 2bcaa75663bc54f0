"""How batches are settled when the database objects; no broker is needed for that."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.exceptions import (
    Collision,
    Conflict,
    Doubtful,
    Locked,
    PersistenceError,
    Refused,
    Silent,
    StorageUnavailable,
    TooSlow,
)
from tests.support.component import component
from tests.support.intake import FakeIntake
from tests.support.messages import CREATE, UPDATE, create, message, update
from worker.amqp.intake import Delivery
from worker.consumer import batches as module
from worker.consumer import held as held_module
from worker.consumer.batches import Batches, Settle
from worker.consumer.held import LONGEST, Held
from worker.consumer.pace import Pace
from worker.consumer.processor import Processor
from worker.consumer.reading import Received

Objection = Callable[[list[int]], None]


class Objecting(Batches):
    """Remembers what was tried; `objection` may raise when asked to commit some."""

    tags: dict[UUID, int]
    tried: list[list[int]]
    objection: Objection

    def _ways(self, processor: Processor) -> tuple[Settle, Settle]:
        def settle(received: Sequence[Received], lock_wait: float | None) -> Counter[str]:
            asked = [self.tags[one.command_id] for one in received if one.command_id]
            self.tried.append(asked)
            self.objection(asked)
            return processor.apply(received, lock_wait)

        return settle, processor.postpone


class World:
    def __init__(self, database: Database) -> None:
        self.component = component(database)
        self.intake = FakeIntake()
        self.pace = Pace(50, 10)
        self.held = Held()
        self.endings: Counter[str] = Counter()
        self.connect()

    def connect(self) -> None:
        """Begin on a new connection."""
        self.batches = Objecting(self.component, self.intake, self.pace, self.held)
        self.batches._cancelled_before = 0.0  # whatever is too slow is so by itself
        self.batches.tags = {}
        self.batches.tried = []
        self.batches.objection = lambda tags: None

    @property
    def tried(self) -> list[list[int]]:
        return self.batches.tried

    def deliver(self, body: dict[str, str], *, suspect: bool = False) -> None:
        tag = len(self.batches.tags) + 1
        kind = UPDATE if "value" in body else CREATE
        self.intake.waiting.append(Delivery(tag, suspect, message(kind, body)))
        self.batches.tags[UUID(body["command_id"])] = tag

    def settle(self, count: int, objection: Objection, steps: int = 200) -> Counter[str]:
        """Settle `count` creates; raise whatever the batches raise."""
        for _ in range(count):
            self.deliver(create(uuid4()))
        return self.go_on(objection, steps)

    def go_on(self, objection: Objection, steps: int = 200) -> Counter[str]:
        self.batches.objection = objection
        for _ in range(steps):
            if not self.batches.idle:
                self.endings += self.batches.step(300)
        return self.endings

    def retry_held(self) -> Counter[str]:
        self.held._due = 0.0
        self.endings += self.batches.step(300)
        return self.endings


@pytest.fixture
def world(sqlite: Database) -> World:
    return World(sqlite)


def fine(tags: list[int]) -> None:
    """Object to nothing."""


def raising(error: Exception, times: int) -> Objection:
    """Object the first few times."""
    left = [error] * times

    def object_to(tags: list[int]) -> None:
        if left:
            raise left.pop()

    return object_to


def objecting(error: PersistenceError, *bad: int) -> Objection:
    """Object to every batch that holds one of these deliveries."""

    def object_to(tags: list[int]) -> None:
        if set(bad) & set(tags):
            raise error

    return object_to


def larger_than(size: int, error: PersistenceError) -> Objection:
    def object_to(tags: list[int]) -> None:
        if len(tags) > size:
            raise error

    return object_to


REFUSED, LOCKED = Refused("value too long"), Locked("lock timeout")


def test_what_was_committed_is_acknowledged(world):
    assert world.settle(3, fine) == {"applied": 3}
    assert world.intake.settled == [1, 2, 3]


def test_nothing_is_acknowledged_before_the_commit(world):
    world.settle(2, lambda tags: world.intake.settled.append(0))
    assert world.intake.settled == [0, 1, 2]


def test_a_collision_repeats_the_whole_batch(world):
    world.settle(4, raising(Collision("other"), 1))
    assert world.tried == [[1, 2, 3, 4], [1, 2, 3, 4]]


def test_a_second_collision_splits_the_batch(world):
    world.settle(4, raising(Collision("other"), 2))
    assert world.tried == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2], [3, 4]]


@pytest.mark.parametrize("bad", range(1, 8))
@pytest.mark.parametrize("error", [REFUSED, TooSlow("statement timeout"), Collision("other")])
def test_one_command_that_does_not_pass_costs_its_neighbours_nothing(world, bad, error):
    assert world.settle(7, objecting(error, bad)) == {"applied": 6, "retrying": 1}
    assert world.intake.settled == [1, 2, 3, 4, 5, 6, 7]


def test_commands_that_are_all_refused_all_wait_for_a_retry(world):
    assert world.settle(5, objecting(REFUSED, 1, 2, 3, 4, 5)) == {"retrying": 5}


def test_a_batch_is_isolated_in_few_steps(world):
    world.settle(50, objecting(REFUSED, 37))
    assert len(world.tried) < 20


def test_a_suspect_that_is_tried_again_is_tried_alone(world):
    for suspect in (False, False, True, False):
        world.deliver(create(uuid4()), suspect=suspect)
    world.go_on(raising(Conflict("locked"), 1))
    assert world.tried == [[1, 2, 3, 4], [1, 2], [3], [4]]


def test_a_conflict_is_tried_again_whole(world):
    assert world.settle(2, raising(Conflict("deadlock"), 1)) == {"applied": 2}
    assert world.tried == [[1, 2]] * 2


def test_what_all_have_to_wait_for_is_told_and_the_batch_is_kept(world):
    with pytest.raises(StorageUnavailable):
        world.settle(3, objecting(StorageUnavailable("gone"), 1, 2, 3))
    assert world.intake.settled == []
    assert [len(work) for work in world.batches.failed] == [3]
    assert world.go_on(fine) == {"applied": 3}
    assert not world.batches.failed


@pytest.mark.parametrize("error", [TooSlow("statement timeout"), Silent("no answer")])
def test_a_batch_that_is_too_slow_becomes_smaller_until_it_passes(world, error):
    assert world.settle(50, larger_than(5, error)) == {"applied": 50}
    assert world.intake.settled == list(range(1, 51))


def test_a_single_command_that_is_not_answered_waits(world):
    with pytest.raises(Silent):
        world.settle(1, objecting(Silent("no answer"), 1))
    assert world.batches.unsettled


def test_a_bug_of_ours_acknowledges_nothing(world):
    with pytest.raises(ZeroDivisionError):
        world.settle(2, raising(ZeroDivisionError(), 1))
    assert world.intake.settled == []


# What waits for a lock


def test_only_the_command_that_needs_the_lock_waits(world):
    assert world.settle(50, objecting(LOCKED, 37)) == {"applied": 49}
    assert set(world.intake.settled) == set(range(1, 51)) - {37}
    assert not world.batches.all_wait


def test_what_waited_is_applied_when_the_lock_has_gone(world):
    world.settle(50, objecting(LOCKED, 37))
    world.batches.objection = fine
    assert world.retry_held() == {"applied": 50}
    assert not world.batches.unsettled


def test_what_waits_is_tried_again_and_again(world):
    world.settle(5, objecting(LOCKED, 3))
    for _ in range(20):
        world.retry_held()
    assert world.tried[-20:] == [[3]] * 20
    assert 0 < world.batches.idle <= LONGEST


def test_later_commands_for_the_same_aggregate_stay_behind_it(world):
    thing = uuid4()
    world.deliver(create(thing))
    world.go_on(objecting(LOCKED, 1))
    world.deliver(update(thing, "a"))
    world.deliver(create(uuid4()))
    world.deliver(update(thing, "b"))
    assert world.go_on(objecting(LOCKED, 1)) == {"applied": 1}
    world.retry_held()
    assert world.intake.settled == [3]
    world.batches.objection = fine
    world.retry_held()
    assert world.go_on(fine) == {"applied": 4}
    assert world.intake.settled == [3, 1, 2, 4]


def test_a_command_that_waits_lets_more_come(world):
    world.settle(1, objecting(LOCKED, 1))
    assert world.intake.kept == [1]


def test_with_a_single_active_consumer_it_does_not(sqlite):
    world = World(sqlite)
    world.component.settings = component(sqlite, single_active_consumer=True).settings
    world.settle(1, objecting(LOCKED, 1))
    assert world.intake.kept == []


def test_several_that_wait_do_not_stand_in_each_others_way(world):
    bad = [3, 4, 17, 50]
    world.settle(50, objecting(LOCKED, *bad))
    assert world.endings == {"applied": 46}
    for still in ([3, 17, 50], [17, 50], [17]):
        world.batches.objection = objecting(LOCKED, *still)
        for _ in range(5):
            world.retry_held()
    assert world.endings == {"applied": 49}


def test_a_lock_on_everything_is_told_when_all_were_tried(world):
    with pytest.raises(Locked):
        world.settle(50, objecting(LOCKED, *range(1, 51)))
    assert world.batches.all_wait
    assert not world.intake.waiting


def test_after_a_lock_on_everything_all_are_applied_in_their_order(world, monkeypatch):
    monkeypatch.setattr(held_module, "SHORTEST", 60.0)  # nobody is tried again meanwhile
    with pytest.raises(Locked):
        world.settle(50, objecting(LOCKED, *range(1, 51)))
    world.batches.objection = fine
    for _ in range(50):
        world.retry_held()
    assert world.endings == {"applied": 50}
    assert world.intake.settled == list(range(1, 51))


def test_however_many_rows_are_locked_the_others_go_on(world):
    assert world.settle(500, objecting(LOCKED, *range(1, 31)), 300) == {"applied": 470}
    assert not world.intake.waiting


def test_nobody_waits_for_long_while_somebody_holds_a_lock(world, monkeypatch):
    now = 1000.0
    for part in (held_module, module):
        monkeypatch.setattr(part, "monotonic", lambda: now)
    world.settle(5, objecting(LOCKED, 3))
    for _ in range(40):
        now += 2.1
        assert world.held.lock_wait == held_module.SHORT_WAIT
        world.batches.step(300)


def test_what_fails_again_is_remembered_once(world, monkeypatch):
    refused = Refused("not even the dead letter")
    monkeypatch.setattr(
        world.batches._processor, "count_failure", lambda *_: raising(refused, 1)([])
    )
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            world.settle(1, objecting(refused, 1))
    assert len(world.batches.failed) == 1


def test_what_waited_behind_a_lock_goes_on_in_its_place(world):
    first = uuid4()
    world.deliver(create(first))
    world.go_on(objecting(LOCKED, 1))
    for other in range(8):
        world.deliver(update(first, "x") if other == 7 else create(uuid4()))
    world.batches.objection = objecting(LOCKED, 1, 8)
    for _ in range(3):
        with suppress(Locked):
            world.batches.step(300)
    world.batches.objection = fine
    world.retry_held()
    world.go_on(fine)
    while world.held:
        world.retry_held()
    assert all(tags == sorted(tags) for tags in world.tried)
    assert sorted(world.intake.settled) == list(range(1, 10))


@pytest.mark.parametrize(
    "error",
    [Conflict("serialization"), Doubtful("no such function"), TooSlow("cancelled by somebody")],
    ids=lambda error: type(error).__name__,
)
def test_what_the_database_refuses_one_command_delays_no_other(world, error):
    world.batches._cancelled_before = inf
    assert world.settle(20, objecting(error, 7), 60) == {"applied": 19}
    assert world.held
    world.batches.objection = fine
    assert world.retry_held() == {"applied": 20}


@pytest.mark.parametrize("error", [StorageUnavailable("no such server"), Silent("no answer")])
def test_one_command_for_which_the_database_seems_away_delays_no_other(world, error):
    with suppress(StorageUnavailable):  # nobody knows yet that it is one command's affair
        world.settle(20, objecting(error, 7))
    assert world.go_on(objecting(error, 7), 60) == {"applied": 19}
    for _ in range(3):
        world.retry_held()
        assert world.held
        for _ in range(5):
            world.deliver(create(uuid4()))
        world.go_on(objecting(error, 7), 1)
    assert world.endings == {"applied": 34}
    world.batches.objection = fine
    assert world.retry_held() == {"applied": 35}


def test_while_no_write_passes_nothing_is_tried_and_nobody_blamed(world, monkeypatch):
    def no_write(database: Database) -> None:
        raise StorageUnavailable("read-only")

    gone = StorageUnavailable("gone")
    monkeypatch.setattr(module, "require_write", no_write)
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            world.settle(2, objecting(gone, 1))
    assert world.tried == [[1, 2]]
    monkeypatch.undo()
    assert world.go_on(fine) == {"applied": 6}


def test_a_lock_on_our_own_tables_holds_nobody_but_all(world, monkeypatch):
    def no_write(database: Database) -> None:
        raise Locked("lock timeout")

    monkeypatch.setattr(module, "require_write", no_write)
    with pytest.raises(StorageUnavailable):
        world.settle(1, objecting(LOCKED, 1))
    assert world.batches.failed


def test_what_waits_for_too_long_is_sent_again_as_the_same_attempt(world, sqlite):
    world.settle(1, objecting(LOCKED, 1))
    world.held._due = 0.0
    assert world.batches.step(0) == {"retrying": 1}
    assert world.intake.settled == [1]
    with sqlite.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT properties FROM retries").all()
    assert '"retry-attempt": 1' in row.properties


def test_so_many_that_wait_for_one_row_that_others_would_not_come_are_sent_again_later(world):
    thing, count = uuid4(), 80  # of the 100 that may be delivered at a time
    for _ in range(count):
        world.deliver(update(thing, "new"))
    assert world.go_on(objecting(LOCKED, 1)) == {"retrying": 30}
    assert len(world.held) == 50
    assert 1 not in world.intake.settled


def test_those_that_remain_are_applied_when_the_lock_has_gone(world):
    thing = uuid4()
    world.deliver(create(thing))
    for _ in range(80):
        world.deliver(update(thing, "new"))
    world.go_on(objecting(LOCKED, 1))
    world.batches.objection = fine
    world.retry_held()
    world.go_on(fine)
    assert world.endings["applied"] + world.endings["retrying"] == 81
    assert world.endings["applied"] >= 40


@pytest.mark.parametrize("error", [Collision("a copy"), REFUSED])
def test_what_cannot_be_sent_again_later_either_is_tried_as_any_other(world, error, monkeypatch):
    thing, postpone = uuid4(), world.batches._postpone
    for _ in range(80):
        world.deliver(update(thing, "new"))
    errors = [error]

    def fail_once(received, lock_wait):
        if errors:
            raise errors.pop()
        return postpone(received, lock_wait)

    monkeypatch.setattr(world.batches, "_postpone", fail_once)
    world.go_on(objecting(LOCKED, 1))
    assert not errors
    assert len(world.held) == 50
    assert len(world.intake.settled) == 30


def test_where_nobody_passes_they_all_stay(world):
    ids = [uuid4() for _ in range(20)]
    for number in range(80):
        world.deliver(update(ids[number % 20], "new"))
    world.go_on(objecting(LOCKED, *range(1, 81)))
    with pytest.raises(Locked):
        world.retry_held()
    assert world.intake.settled == []


def test_where_order_counts_they_all_stay(sqlite):
    world, thing = World(sqlite), uuid4()
    world.component.settings = component(sqlite, single_active_consumer=True).settings
    for _ in range(80):
        world.deliver(update(thing, "new"))
    world.go_on(objecting(LOCKED, 1))
    assert len(world.held) == 80


def test_what_was_given_back_several_times_is_not_held_up_to_its_delivery_limit(world):
    world.deliver(create(uuid4()), suspect=True)
    world.go_on(objecting(LOCKED, 1))
    assert world.retry_held() == {"retrying": 1}


def test_what_went_back_while_it_was_held_is_sent_again_later_and_held_no_more(world):
    body = create(uuid4())
    world.deliver(body)
    world.go_on(objecting(LOCKED, 1))
    world.connect()
    world.deliver(body)
    world.go_on(objecting(LOCKED, 1))
    assert world.retry_held() == {"retrying": 1}


def events(logs: list[dict[str, Any]]) -> list[str]:
    return [log["event"] for log in logs if log["log_level"] != "debug"]


def test_it_is_told_once_that_commands_wait_for_a_lock_and_once_that_none_does(world, monkeypatch):
    monkeypatch.setattr(held_module, "TELL_AFTER", 0.0)
    with capture_logs() as logs:
        world.settle(7, objecting(LOCKED, 3))
        world.retry_held()
        world.retry_held()
        world.batches.objection = fine
        world.retry_held()
    assert events(logs) == ["a command waits for a lock", "no command waits any more"]


def test_the_line_about_a_command_that_waits_for_a_lock_names_it(world, monkeypatch):
    monkeypatch.setattr(held_module, "TELL_AFTER", 0.0)
    body = create(uuid4())
    world.deliver(body)
    with capture_logs() as logs:
        world.go_on(objecting(LOCKED, 1))
        world.retry_held()
    (line,) = [log for log in logs if log["log_level"] == "warning"]
    assert (str(line["command_id"]), str(line["aggregate_id"])) == (
        body["command_id"],
        body["thing_id"],
    )


def test_a_short_wait_as_for_another_consumer_is_not_told(world):
    with capture_logs() as logs:
        world.settle(7, objecting(LOCKED, 3))
        world.retry_held()
        world.batches.objection = fine
        world.retry_held()
    assert events(logs) == []

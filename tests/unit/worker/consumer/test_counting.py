"""What a consumer shows of what it has, and of what it has settled."""

from types import SimpleNamespace
from typing import Any

import pytest

from persistence.database import Database
from persistence.endings import Ending
from tests.support.messages import codec, message
from worker.amqp.intake import Delivery
from worker.consumer import counting as module
from worker.consumer.counting import Counting
from worker.consumer.endings import Endings
from worker.runtime.health import Health
from worker.runtime.metrics import Metrics


class World:
    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = int(database.now().timestamp())
        metrics = Metrics("tests", codec().command_types())
        self.registry = metrics.registry
        self.health = Health(database, 30, metrics)
        self.counting = Counting(database, self.health)
        monkeypatch.setattr(module, "monotonic", lambda: 1000.0)

    def settle(self, ending: Ending, age: int | None = None, times: int = 1) -> None:
        timestamp = None if age is None else self.now - age
        endings = Endings()
        for _ in range(times):
            endings.add(message("thing.Create", {}, timestamp=timestamp), ending)
        self.counting.settled(endings, 0.02)

    def has(self, *deliveries: Delivery) -> None:
        intake: Any = SimpleNamespace(oldest=next(iter(deliveries), None))
        self.counting.intake = intake

    def shown(self, name: str, **labels: str) -> float | None:
        labels = {"component": "tests", **labels}
        return self.registry.get_sample_value(f"component_{name}", labels)


@pytest.fixture
def world(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(sqlite, monkeypatch)


def test_the_size_and_the_time_of_a_batch_are_counted(world):
    world.settle("applied", times=7)
    assert world.shown("batch_commands_sum") == 7
    assert world.shown("batch_commands_bucket", le="5.0") == 0
    assert world.shown("batch_commands_bucket", le="10.0") == 1
    assert world.shown("batch_seconds_sum") == pytest.approx(0.02)


@pytest.mark.parametrize("ending", ["applied", "rejected", "failed"])
def test_the_age_of_a_command_that_has_ended_is_counted(world, ending):
    world.settle(ending, age=60, times=3)
    assert world.shown("command_age_seconds_count") == 3
    assert world.shown("command_age_seconds_bucket", le="30.0") == 0
    assert world.shown("command_age_seconds_bucket", le="120.0") == 3


@pytest.mark.parametrize("ending", ["retrying", "duplicate", "dead", "ignored"])
def test_what_has_no_outcome_now_has_no_age(world, ending):
    world.settle(ending, age=60)
    assert world.shown("command_age_seconds_count") == 0


def test_a_sender_s_clock_that_is_a_little_ahead_makes_no_negative_age(world):
    world.settle("applied", age=-60)
    assert world.shown("command_age_seconds_bucket", le="1.0") == 1
    assert world.shown("command_age_seconds_sum") == 0


@pytest.mark.parametrize("age", [None, -7200, -1_700_000_000_000, 400 * 86_400])
def test_a_time_that_cannot_be_meant_is_not_counted(world, age):
    world.settle("applied", age)
    assert world.shown("command_age_seconds_count") == 0


def test_the_oldest_that_waits_is_as_old_as_its_publishing(world):
    world.has(Delivery(1, False, message("t", {}, timestamp=world.now - 60), arrived=990.0))
    assert 60 <= (world.shown("oldest_waiting_command_seconds") or 0) < 90


@pytest.mark.parametrize("properties", [{}, {"timestamp": 1}])
def test_where_a_sender_does_not_say_when_it_is_as_old_as_its_delivery(world, properties):
    world.has(Delivery(1, False, message("t", {}, **properties), arrived=990.0))
    assert world.shown("oldest_waiting_command_seconds") == 10


def test_where_nothing_waits_nothing_is_old(world):
    world.has()
    assert world.shown("oldest_waiting_command_seconds") == 0


def test_without_a_queue_nothing_is_known_of_it(world):
    assert world.shown("oldest_waiting_command_seconds") is None


@pytest.mark.parametrize("working", [True, False])
def test_a_consumer_is_attached_while_it_consumes(world, working):
    world.health.working(working)
    assert world.shown("consumer_attached") == working


def test_a_consumer_whose_loop_hangs_is_not_attached(world):
    world.health.working(True)
    world.health.ticked -= 31
    assert world.shown("consumer_attached") == 0

"""Waiting, with a clock that goes on only when somebody waits."""

import pytest

from persistence.database import Database
from worker.exceptions import BrokerUnavailable, Stopped
from worker.runtime import pause as module
from worker.runtime import stop as stop_module
from worker.runtime.health import Health
from worker.runtime.pause import TICK, Pause
from worker.runtime.stop import StopFlag

DRAIN = 5.0


class World:
    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waits: list[float] = []
        self.served: list[float] = []
        self.ticks = 0
        self.early = False
        for part in (module, stop_module):
            monkeypatch.setattr(part, "monotonic", lambda: self.now)
        monkeypatch.setattr(module, "sleep", self.sleep)
        health = Health(database, 30)
        monkeypatch.setattr(health, "tick", self.tick)
        self.stop = StopFlag(DRAIN)
        self.pause = Pause(self.stop, health)

    def tick(self) -> None:
        self.ticks += 1

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def serve(self, seconds: float) -> None:
        self.served.append(seconds)
        self.now += 0.1 if self.early else seconds


@pytest.fixture
def world(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(sqlite, monkeypatch)


def test_it_waits_as_long_as_it_is_asked_to(world):
    world.pause(2.5)
    assert world.now == 1002.5


def test_no_wait_is_longer_than_a_second_without_a_sign_of_life(world):
    world.pause(2.5)
    assert (max(world.waits), world.ticks) == (TICK, 3)


def test_it_waits_by_serving_the_connection(world):
    with world.pause.serving(world.serve):
        world.pause(2.5)
    assert (world.served, world.waits) == ([1.0, 1.0, 0.5], [])


def test_after_the_connection_it_only_waits(world):
    with world.pause.serving(world.serve):
        pass
    world.pause(1)
    assert (world.served, world.waits) == ([], [1.0])


def test_a_moment_ends_when_something_has_come(world):
    world.early = True
    with world.pause.serving(world.serve):
        world.pause.moment(5)
    assert world.now == pytest.approx(1000.1)


def test_a_whole_pause_does_not(world):
    world.early = True
    with world.pause.serving(world.serve):
        world.pause(1)
    assert world.now >= 1001


def test_what_is_overdue_is_a_moment_of_nothing(world):
    with world.pause.serving(world.serve):
        world.pause.moment(-3)
    assert world.served == [0.0]


def test_without_a_connection_a_stop_ends_it_at_once(world):
    world.stop.set()
    with pytest.raises(Stopped):
        world.pause(1)
    assert world.waits == []


def test_with_a_connection_it_goes_on_until_the_time_to_drain_is_over(world):
    world.stop.set()
    with world.pause.serving(world.serve), pytest.raises(Stopped):
        world.pause(60)
    assert DRAIN <= world.now - 1000 <= DRAIN + 2 * TICK


def test_whoever_waits_hears_that_the_connection_is_lost(world):
    def lose(seconds: float) -> None:
        raise BrokerUnavailable("reset by peer")

    with pytest.raises(BrokerUnavailable), world.pause.serving(lose):
        world.pause(1)

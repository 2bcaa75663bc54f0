"""When the relay looks again; how its lanes publish is elsewhere."""

from collections.abc import Callable
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from persistence.database import Database
from persistence.exceptions import Refused
from tests.support.component import component
from worker.exceptions import Stopped
from worker.relay import relay as module
from worker.relay.relay import Relay
from worker.runtime import pause
from worker.runtime.health import Health
from worker.runtime.stop import StopFlag


class FakeLane:
    def __init__(self) -> None:
        self.asks, self.wake_at, self.told = False, inf, 0

    def turn(self, session: object) -> bool:
        return self.asks

    def news(self) -> None:
        self.told += 1


class World:
    """A relay with one lane; nothing of it is real."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(pause, "monotonic", lambda: self.now)
        monkeypatch.setattr(pause, "sleep", self.pass_by)
        self.health = Health(database, 30)
        self.relay = Relay(component(database), StopFlag(1), self.health)
        self.lane = FakeLane()
        self.relay._lanes = [self.lane]
        self.waits: list[float] = []
        self.notifications, self.taken, self.touches = 0, 0, 0
        self.lowest: list[int | None] = []
        self.session: Any = SimpleNamespace(
            fileno=lambda: 7,
            take_notifications=self.take_notifications,
            touch=self.touch,
            why_not_purge=lambda days: None,
            purge_inbox=lambda days: 0,
            acquire=lambda: not self.lowest,
            lowest=lambda: self.lowest.pop(0),
        )
        self.turn()  # everything is due at the start
        self.waits.clear()
        self.lane.told = self.taken = 0

    def take_notifications(self) -> int:
        self.taken += 1
        came, self.notifications = self.notifications, 0
        return came

    def touch(self) -> None:
        self.touches += 1

    def turn(self) -> None:
        with self.relay._pause.serving(self.waits.append):
            self.relay._take_turns(self.session)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def world(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(sqlite, monkeypatch)


def test_news_that_came_with_another_answer_are_not_slept_over(world):
    world.lane.asks = True
    world.notifications = 1  # the driver read it together with our answer
    world.lane.news = lambda: setattr(world.lane, "wake_at", 0.0)
    world.turn()
    assert world.waits == [0.0]


def test_where_nothing_was_asked_and_nothing_came_the_driver_is_left_alone(world):
    world.turn()
    assert (world.taken, world.lane.told) == (0, 0)


def test_what_the_descriptor_tells_is_taken(world):
    world.notifications = 1
    world.relay._expect_news()
    world.turn()
    assert (world.taken, world.lane.told) == (1, 1)


def test_without_news_it_looks_for_itself_now_and_then(world):
    for _ in range(7):
        world.pass_by(1.0)
        world.turn()
    assert world.lane.told == 2


@pytest.mark.parametrize(("wake_in", "waits"), [(-5.0, 0.0), (0.25, 0.25), (inf, 1.0)])
def test_no_wait_is_longer_than_a_lane_or_the_heartbeats_allow(world, wake_in, waits):
    world.lane.wake_at = world.now + wake_in
    world.turn()
    assert world.waits == [pytest.approx(waits)]


def test_the_session_is_never_silent_for_long(world):
    for _ in range(60):
        world.pass_by(1.0)
        world.turn()
    assert world.touches >= 6


def test_commands_that_cannot_be_forgotten_are_left_for_a_while(world):
    asked: list[float] = []

    def refused(days: float) -> int:
        asked.append(world.now)
        raise Refused("no right to delete")

    world.session.purge_inbox = refused
    world.pass_by(60)
    with pytest.raises(Refused):
        world.turn()
    world.turn()  # in the next term
    assert len(asked) == 1


def stand_by(world: World, *lowest: int | None) -> list[str | None]:
    """Return what health says after each look for the lowest row."""
    seen: list[str | None] = []
    look: Callable[[], int | None] = world.session.lowest

    def looked() -> int | None:
        seen.append(world.health.trouble)
        return look()

    world.session.lowest = looked
    world.lowest = [*lowest, None]
    world.relay._stand_by(world.session)
    return seen[1:]


def test_a_relay_that_stands_by_is_not_ready_while_the_leader_leaves_a_row(world):
    assert stand_by(world, *[5] * 9)[-1] == "the relay that works leaves messages in the outbox"


@pytest.mark.parametrize(
    "lowest", [[None] * 12, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14], [5, 5, 5, 5, None, 5, 5, 5, 5]]
)
def test_a_relay_that_stands_by_is_ready_while_the_outbox_moves(world, lowest):
    assert set(stand_by(world, *lowest)) == {None}


def test_who_becomes_the_leader_is_not_in_trouble_any_more(world):
    stand_by(world, *[5] * 9)
    assert world.health.trouble is None


def test_a_stop_is_seen_while_standing_by(world):
    world.lowest = [5] * 9
    world.relay._stop.set()
    with pytest.raises(Stopped):
        world.relay._stand_by(world.session)

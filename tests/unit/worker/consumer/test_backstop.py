"""The backstop queue: losing it costs the commands nothing."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.dead_letters import dead_letters
from tests.support.component import component, rows
from tests.support.intake import FakeIntake
from tests.support.messages import CREATE, create, message
from worker.amqp.intake import Delivery
from worker.consumer import backstop as module
from worker.consumer.backstop import LONGEST, Backstop
from worker.exceptions import BrokerUnavailable


class FakeBroker:
    def __init__(self) -> None:
        self.lost: BrokerUnavailable | None = None
        self.is_open = True
        self.closed = False

    def close(self) -> None:
        self.closed = True


class World:
    """A broker that is there, or loses us with the words given; and a clock."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.words = ""
        self.opened: list[float] = []
        self.brokers: list[FakeBroker] = []
        self.intakes: list[Any] = []
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(module, "Intake", self._intake)
        self.backstop = Backstop(component(database), self._connect)

    def _connect(self, main: FakeBroker) -> FakeBroker:
        self.opened.append(self.now)
        self.brokers.append(FakeBroker())
        return self.brokers[-1]

    def _intake(self, broker: FakeBroker, queue: str, prefetch: int, *others: Any) -> Any:
        if self.words:
            broker.lost = BrokerUnavailable(self.words, 541)
        self.intake = FakeIntake()
        return self.intake

    def live(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            self.backstop.serve(FakeBroker())
            self.backstop.step(300)


@pytest.fixture
def world(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(sqlite, monkeypatch)


def test_what_comes_becomes_a_dead_letter(world, sqlite):
    world.live(2)
    world.intake.waiting.append(Delivery(7, False, message(CREATE, create())))
    world.live(2)
    assert world.intake.settled == [7]
    assert [letter["kind"] for letter in rows(sqlite, dead_letters)] == ["crash"]


def test_a_loss_is_told_once_with_the_queue_and_the_brokers_words(world):
    world.words = "INTERNAL_ERROR"
    with capture_logs() as logs:
        world.live(300)
    assert len(world.opened) > 3, "it was lost several times"
    (log,) = logs
    assert (log["log_level"], log["error"]) == ("error", "INTERNAL_ERROR")
    assert log["queue"] == "tests.commands.dead"


def test_it_is_opened_again_with_growing_pauses_up_to_a_minute(world):
    world.words = "INTERNAL_ERROR"
    world.live(1000)
    pauses = [
        later - earlier for earlier, later in zip(world.opened, world.opened[1:], strict=False)
    ]
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[0] < 6
    assert LONGEST <= pauses[-1] <= LONGEST + 4


def test_a_broker_that_cannot_be_reached_is_a_loss_too(world, monkeypatch):
    def refuse(main: FakeBroker) -> FakeBroker:
        raise BrokerUnavailable("refused")

    world.backstop._connect = refuse
    world.live(10)
    assert not world.backstop.unsettled


def test_a_new_loss_after_a_long_life_is_told_again(world):
    with capture_logs() as logs:
        for _ in range(2):
            world.live(2 * LONGEST)
            world.brokers[-1].lost = BrokerUnavailable("reset")
            world.live(1)
    assert len(logs) == 2


def test_a_broker_that_takes_the_connection_and_says_nothing_is_not_waited_for(world):
    world.live(1)
    world.brokers[-1].is_open = False
    world.live(20)
    assert world.intakes == []
    assert len(world.brokers) == 1


def test_what_is_lost_is_closed(world):
    world.words = "INTERNAL_ERROR"
    world.live(50)
    assert all(broker.closed for broker in world.brokers[:-1])


def test_after_a_stop_it_is_not_opened_again(world):
    world.live(2)
    world.backstop.stop()
    world.brokers[-1].error = BrokerUnavailable("reset")
    world.live(300)
    assert len(world.opened) == 1

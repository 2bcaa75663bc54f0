"""What the consumer does around its batches: it waits, gives back, and comes again."""

from collections import deque
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.endings import Ending
from persistence.exceptions import Conflict, PersistenceError, StorageUnavailable, Unsuitable
from persistence.senders import seen_senders
from tests.support.component import component
from tests.support.intake import FakeIntake
from tests.support.messages import CREATE, create, message, read
from worker.amqp.intake import BATCH_BYTES
from worker.consumer import consumer as module
from worker.consumer.consumer import Consumer, _OutageTooLong
from worker.consumer.endings import Endings
from worker.exceptions import BrokerUnavailable, Stopped
from worker.runtime.health import Health
from worker.runtime.metrics import Metrics
from worker.runtime.stop import StopFlag

GONE = StorageUnavailable("gone")


class FakeBatches:
    """Ends as it is told to."""

    def __init__(self, *steps: PersistenceError | Endings) -> None:
        self._steps = list(steps)
        self.failed: deque[Any] = deque()

    @property
    def unsettled(self) -> bool:
        return bool(self._steps)

    def step(self, patience: float) -> Endings:
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


class FakeBroker:
    def __init__(self) -> None:
        self.steps = 0
        self.error: Exception | None = None

    def __enter__(self) -> "FakeBroker":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""

    def step(self, timeout: float = 0) -> None:
        """Serve the connection; no test waits for it."""
        self.steps += 1
        if self.error:
            raise self.error


class World:
    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = database
        parts = component(database)
        metrics = Metrics("tests", parts.codec.command_types())
        self.health = Health(database, 30, metrics)
        self.stop = StopFlag(0)
        self.consumer = Consumer(parts, self.stop, self.health)
        self.broker = FakeBroker()
        self.serve()

    def serve(self) -> None:
        """Let the consumer have this connection, and no other."""

        def keep_alive(seconds: float) -> None:
            self.broker.step(seconds)

        self.consumer._pause._serve = keep_alive
        self.consumer._backstop._stopped = True

    def shown(self, name: str, **labels: str) -> float | None:
        """Return what the metrics say."""
        registry = self.health.metrics.registry
        return registry.get_sample_value(f"component_{name}", {"component": "tests", **labels})

    def work(self, batches: FakeBatches, times: int = 1) -> list[bool]:
        return [self.consumer._work(batches) for _ in range(times)]


@pytest.fixture
def world(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(sqlite, monkeypatch)


def endings(*kinds: Ending, type: str = "thing.Create", **properties: Any) -> Endings:
    result = Endings()
    for ending in kinds:
        result.add(message(type, {}, **properties), ending)
    return result


APPLIED = endings("applied", "applied")


def test_who_has_sent_what_is_written_beside_the_work(world):
    world.consumer._senders.hear([read(CREATE, create(), app_id="shop")])
    world.consumer._senders._due = 0
    world.work(FakeBatches(APPLIED))
    assert [seen.sender for seen in seen_senders(world.database, "tests")] == ["shop"]


def test_what_was_settled_is_counted(world):
    assert world.work(FakeBatches(APPLIED)) == [True]
    assert world.shown("commands_total", type="thing.Create", ending="applied") == 2


def test_a_line_for_each_batch_is_for_debugging_only(world):
    with capture_logs() as logs:
        world.work(FakeBatches(APPLIED))
    assert [(log["event"], log["log_level"]) for log in logs] == [("batch", "debug")]


@pytest.mark.parametrize("error", [GONE, Conflict("locked"), Unsuitable("SQL_ASCII")])
def test_the_broker_is_served_while_the_database_is_away(world, error):
    assert world.work(FakeBatches(error, APPLIED), 2) == [False, True]
    assert world.broker.steps > 0


def gathered(world: World, monkeypatch: pytest.MonkeyPatch, held: int) -> tuple[Any, Any]:
    """Gather while every read brings one more; return what waits then, and the longest wait."""
    intake: Any = FakeIntake()
    intake.bytes = held
    waits: list[float] = []

    def step(timeout: float = 0) -> None:
        intake.waiting.append(object())

    def moment(most: float) -> None:
        waits.append(most)
        step()

    monkeypatch.setattr(world.broker, "step", step)
    monkeypatch.setattr(world.consumer, "_pause", SimpleNamespace(moment=moment))
    world.consumer._gather(world.broker, intake, SimpleNamespace(idle=inf))
    return intake.waiting, waits


def test_while_too_much_is_held_little_is_read_and_what_comes_is_still_taken(world, monkeypatch):
    waiting, waits = gathered(world, monkeypatch, held=BATCH_BYTES)
    assert (len(waiting), waits) == (1, [module.BREATH])


def test_while_little_is_held_all_that_has_arrived_is_read(world, monkeypatch):
    waiting, waits = gathered(world, monkeypatch, held=BATCH_BYTES - 1)
    assert (len(waiting), waits) == (world.consumer._pace.size, [inf])


def test_an_outage_is_told_once_and_ends_with_the_first_success(world):
    with capture_logs() as logs:
        world.work(FakeBatches(GONE, Conflict("locked"), APPLIED), 3)
    told = [log["event"] for log in logs if log["log_level"] != "debug"]
    assert told == ["the database is away", "the database is back"]


def test_during_an_outage_it_is_not_ready_and_says_why(world, monkeypatch):
    seen = []
    world.health.working(True)
    monkeypatch.setattr(
        world.broker, "step", lambda timeout=0: seen.append(world.health.why_not_ready())
    )
    world.work(FakeBatches(GONE))
    assert seen[0] == "the database does not take our work: gone"


def test_a_batch_that_must_become_smaller_ends_no_outage(world):
    world.work(FakeBatches(GONE, Endings(), APPLIED), 2)
    assert world.consumer._storage.seconds > 0


def test_a_success_of_the_backstop_ends_no_outage_of_the_commands(world):
    world.work(FakeBatches(GONE, APPLIED))
    world.work(FakeBatches(APPLIED))
    assert world.consumer._storage.seconds > 0


def test_after_a_long_outage_everything_is_given_back(world, monkeypatch):
    monkeypatch.setattr(module, "GIVE_BACK_AFTER", -1)
    with pytest.raises(_OutageTooLong):
        world.work(FakeBatches(GONE))


def test_a_connection_lost_in_an_outage_is_noticed_at_once(world):
    world.broker.error = BrokerUnavailable("consumer timeout")
    with pytest.raises(BrokerUnavailable):
        world.work(FakeBatches(GONE))
    assert world.consumer._storage.seconds > 0


@pytest.mark.parametrize("end", [BrokerUnavailable("consumer timeout"), _OutageTooLong()])
def test_nothing_is_taken_again_before_the_work_that_failed_would_pass(world, monkeypatch, end):
    """Whatever ended the connection."""
    order = []

    def consume(*arguments: object) -> None:
        world.consumer._storage._patience.lost(GONE)
        raise end

    monkeypatch.setattr(world.consumer, "_consume", consume)
    monkeypatch.setattr(world.consumer._storage, "_try", lambda: order.append("rehearsed"))
    world.consumer._serve(world.broker, None)
    assert order == ["rehearsed"]
    assert world.consumer._storage.seconds == 0


def test_a_stop_during_an_outage_waits_no_longer_than_there_is_time_to_drain(world):
    world.stop.set()
    with pytest.raises(Stopped):
        world.work(FakeBatches(GONE))


def told(world: World, monkeypatch: pytest.MonkeyPatch, *, held: bool) -> list[str]:
    """Return what is said when the time to drain ends, with or without something unsettled."""
    batches = FakeBatches(*[APPLIED] * held)

    def never_enough_time(*arguments: object) -> None:
        raise Stopped

    monkeypatch.setattr(world.consumer, "_gather", never_enough_time)
    with capture_logs() as logs, pytest.raises(Stopped):
        world.consumer._consume(world.broker, None, batches)
    return [log["event"] for log in logs]


def test_what_goes_back_at_the_end_is_told(world, monkeypatch):
    assert told(world, monkeypatch, held=True)[-1] == "what was not settled goes back to the queue"


def test_where_nothing_was_held_nothing_is_said_to_go_back(world, monkeypatch):
    assert told(world, monkeypatch, held=False) == ["consuming"]


def test_a_stop_before_anything_was_taken_is_told_as_that_alone(world, monkeypatch):
    world.consumer._pause._serve = None
    world.stop.set()
    monkeypatch.setattr(world.consumer._storage, "_begin", raise_gone)
    with capture_logs() as logs:
        world.consumer.run()
    assert [log["event"] for log in logs] == ["the database is away", "stopped"]


def raise_gone() -> None:
    raise GONE

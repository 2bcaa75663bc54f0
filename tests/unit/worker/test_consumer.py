"""How the consumer settles a batch when the database objects; no broker is needed for that."""

from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.exceptions import Collision, Conflict, Refused, StorageUnavailable
from tests.support.component import component
from tests.support.messages import CREATE, create, message
from worker.consumer import Consumer
from worker.health import Health
from worker.intake import Delivery
from worker.reading import Received
from worker.stop import StopFlag


class FakeIntake:
    """Remembers up to which delivery it was settled."""

    def __init__(self) -> None:
        self.settled: list[int] = []

    def settle(self, last: Delivery) -> None:
        self.settled.append(last.tag)


class World:
    def __init__(self, database: Database) -> None:
        self.component = component(database)
        self.stop = StopFlag(10)
        self.consumer = Consumer(self.component, self.stop, Health(database, 30))
        self.intake = FakeIntake()
        self.tried: list[list[int]] = []

    def settle(self, count: int, objection: Callable[[list[int]], None]) -> dict[str, int]:
        """Settle deliveries 1 to `count`; `objection` may raise when asked to commit some."""
        deliveries = [
            Delivery(n, False, message(CREATE, create(uuid4()))) for n in range(1, count + 1)
        ]
        batch = [
            (delivery, self.consumer._reader.read(delivery.message)) for delivery in deliveries
        ]
        tags = {received.command_id: delivery.tag for delivery, received in batch}

        def apply(received: Sequence[Received]) -> dict[str, int]:
            asked = [tags[one.command_id] for one in received]
            self.tried.append(asked)
            objection(asked)
            return self.consumer._processor.apply(received)

        return self.consumer._settle(self.intake, batch, apply)


@pytest.fixture
def world(sqlite: Database) -> World:
    return World(sqlite)


def raising(error: Exception, times: int) -> Callable[[list[int]], None]:
    """Object the first few times."""
    left = [error] * times

    def object_to(tags: list[int]) -> None:
        if left:
            raise left.pop()

    return object_to


def refusing(*bad: int) -> Callable[[list[int]], None]:
    """Object to every batch that holds one of these deliveries."""

    def object_to(tags: list[int]) -> None:
        if set(bad) & set(tags):
            raise Refused("value too long")

    return object_to


def test_a_batch_is_acknowledged_with_its_last_delivery(world):
    assert world.settle(3, refusing()) == {"applied": 3}
    assert world.intake.settled == [3]


def test_nothing_is_acknowledged_before_the_commit(world):
    world.settle(2, lambda tags: world.intake.settle(Delivery(0, False, None)))
    assert world.intake.settled == [0, 2]


def test_a_collision_repeats_the_whole_batch(world):
    world.settle(4, raising(Collision("other"), 1))
    assert world.tried == [[1, 2, 3, 4], [1, 2, 3, 4]]


def test_a_second_collision_splits_the_batch(world):
    world.settle(4, raising(Collision("other"), 2))
    assert world.tried == [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2], [3, 4]]


def test_the_halves_are_acknowledged_each_after_its_commit(world):
    world.settle(4, raising(Collision("other"), 2))
    assert world.intake.settled == [2, 4]


@pytest.mark.parametrize("bad", range(1, 8))
def test_one_refused_command_costs_its_neighbours_nothing(world, bad):
    assert world.settle(7, refusing(bad)) == {"applied": 6, "retrying": 1}


def test_after_a_refusal_everything_is_acknowledged_in_order(world):
    world.settle(7, refusing(4))
    assert world.intake.settled == sorted(world.intake.settled)
    assert world.intake.settled[-1] == 7


def test_commands_that_are_all_refused_all_wait_for_a_retry(world):
    assert world.settle(5, refusing(1, 2, 3, 4, 5)) == {"retrying": 5}


def test_a_conflict_is_tried_again_whole_and_without_limit(world):
    assert world.settle(2, raising(Conflict("deadlock"), 3)) == {"applied": 2}
    assert world.tried == [[1, 2]] * 4


def test_a_storage_that_is_away_is_waited_for(world):
    assert world.settle(2, raising(StorageUnavailable("gone"), 2)) == {"applied": 2}
    assert world.tried == [[1, 2]] * 3


def test_a_storage_that_is_away_is_told(world):
    with capture_logs() as logs:
        world.settle(1, raising(StorageUnavailable("gone"), 1))
    told = [log["event"] for log in logs if log["log_level"] != "debug"]
    assert told == ["the database is away", "the database is back"]


def test_a_bug_of_ours_acknowledges_nothing(world):
    with pytest.raises(ZeroDivisionError):
        world.settle(2, raising(ZeroDivisionError(), 1))
    assert world.intake.settled == []

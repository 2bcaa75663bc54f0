"""When an outage is over: not before the work that failed would pass."""

from collections import deque
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.exceptions import (
    Conflict,
    DatabaseBehind,
    PersistenceError,
    Refused,
    Silent,
    StorageUnavailable,
    TooSlow,
    Unsuitable,
)
from persistence.inbox import inbox
from tests.support.component import component, rows
from tests.support.messages import CREATE, codec, create, message
from worker.consumer import storage as module
from worker.consumer.reading import Reader, Received
from worker.consumer.storage import Storage
from worker.runtime.health import Health

GONE = StorageUnavailable("gone")


def commands(count: int) -> list[Received]:
    reader = Reader(codec(), 10_000)
    return [reader.read(message(CREATE, create(uuid4()))) for _ in range(count)]


def worker(*failed: Sequence[Received]) -> Any:
    return type("Someone", (), {"failed": deque(failed)})()


class World:
    def __init__(self, database: Database) -> None:
        self.health = Health(database, 30)
        self.pauses: list[str | None] = []
        self.storage = Storage(
            component(database), self.health, lambda _: self.pauses.append(self.health.trouble)
        )
        self.rehearsed: list[int] = []

    def rehearse_with(self, *errors: PersistenceError) -> None:
        """Let the first rehearsals fail with these errors."""
        left = list(errors)

        def rehearse(work: Sequence[Received]) -> None:
            self.rehearsed.append(len(work))
            if left:
                raise left.pop(0)

        self.storage._processor = SimpleNamespace(rehearse=rehearse)  # type: ignore[assignment]


@pytest.fixture
def world(sqlite: Database) -> World:
    return World(sqlite)


def failing(times: int, error: Exception) -> Callable[[Database], None]:
    left = [error] * times

    def ask(database: Database) -> None:
        if left:
            raise left.pop()

    return ask


@pytest.mark.parametrize("question", ["require_schema", "require_write"])
@pytest.mark.parametrize("error", [GONE, Conflict("locked"), Refused("no")])
def test_work_does_not_begin_while_it_takes_no_writes(world, monkeypatch, question, error):
    monkeypatch.setattr(module, question, failing(3, error))
    world.storage.begin()
    assert world.pauses == [f"the database does not take our work: {error}"] * 3
    assert world.storage.seconds == 0


@pytest.mark.parametrize(
    "error",
    [GONE, Conflict("locked"), Refused("no"), Unsuitable("SQL_ASCII"), DatabaseBehind("0001")],
)
def test_it_is_away_while_it_takes_no_writes(world, monkeypatch, error):
    monkeypatch.setattr(module, "require_write", failing(3, error))
    world.storage.wait()
    assert len(world.pauses) == 3
    assert world.storage.seconds == 0


def test_a_schema_that_is_behind_is_not_waited_for(world, monkeypatch):
    monkeypatch.setattr(module, "require_schema", failing(1, DatabaseBehind("behind")))
    with pytest.raises(DatabaseBehind):
        world.storage.begin()


def test_in_an_outage_the_question_of_the_start_is_not_asked(world, monkeypatch):
    monkeypatch.setattr(module, "require_schema", failing(1, DatabaseBehind("disk I/O error")))
    world.storage.away(GONE, worker())
    world.storage.wait()
    assert world.storage.seconds == 0


def test_it_is_away_while_what_failed_would_fail_again(world):
    world.rehearse_with(GONE, Conflict("locked"), Silent("no answer"))
    world.storage.away(GONE, worker(commands(1)))
    world.storage.wait()
    assert world.rehearsed == [1, 1, 1, 1]


def test_what_is_rehearsed_is_taken_back(world, sqlite):
    world.storage.away(GONE, worker(commands(3)))
    world.storage.wait()
    assert rows(sqlite, inbox) == []


def test_each_that_failed_is_rehearsed_in_turn(world):
    world.rehearse_with(*[Conflict("locked")] * 3)
    world.storage.away(GONE, worker(commands(1), commands(2)))
    world.storage.wait()
    assert world.rehearsed == [1, 2, 1, 2]


def test_what_is_not_answered_is_rehearsed_in_parts(world):
    world.rehearse_with(*[Silent("no answer")] * 4)
    world.storage.away(GONE, worker(commands(8)))
    world.storage.wait()
    assert world.rehearsed == [8, 4, 2, 1, 1]


@pytest.mark.parametrize("error", [Refused("value"), TooSlow("statement timeout")])
def test_an_answer_to_one_command_ends_the_outage(world, error):
    world.rehearse_with(error)
    world.storage.away(GONE, worker(commands(1)))
    world.storage.wait()
    assert world.rehearsed == [1]


def test_who_is_asked_meanwhile_hears_why(world, monkeypatch):
    monkeypatch.setattr(module, "require_write", failing(1, GONE))
    world.storage.wait()
    assert world.pauses == ["the database does not take our work: gone"]
    assert world.health.trouble is None


def test_an_outage_is_told_once_and_so_is_its_end(world):
    someone = worker(commands(1))
    world.rehearse_with(GONE, GONE)
    with capture_logs() as logs:
        world.storage.away(GONE, someone)
        world.storage.away(Conflict("locked"), someone)
        world.storage.wait()
    told = [log["event"] for log in logs if log["log_level"] != "debug"]
    assert told == ["the database is away", "the database is back"]


def test_it_is_back_when_everybody_who_failed_could_work(world):
    one, other = worker(), worker()
    world.storage.away(GONE, one)
    world.storage.away(GONE, other)
    world.storage.back(one)
    assert world.storage.seconds > 0
    world.storage.back(other)
    assert world.storage.seconds == 0
    assert world.health.trouble is None

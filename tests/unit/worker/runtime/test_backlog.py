"""What `/metrics` says of the tables, and when it does not."""

from threading import Thread

import pytest

from persistence.backlog import KINDS, Backlog
from persistence.database import Database
from persistence.exceptions import StorageUnavailable
from worker.catalog.codes import FAILURES
from worker.runtime import backlog as module
from worker.runtime.backlog import BacklogMetrics


class World:
    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: Backlog | Exception = Backlog(7, None, 3, {"crash": 2}, {"crash": 1})
        self.trouble: str | None = None
        self.database = database
        monkeypatch.setattr(module, "backlog", lambda *_: self.look())
        self.metrics = BacklogMetrics(database, "tests", lambda: self.trouble)

    def look(self) -> Backlog:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def shown(self) -> dict[str, float]:
        samples = [sample for metric in self.metrics.collect() for sample in metric.samples]
        names = [sample.name.removeprefix("component_") for sample in samples]
        return {
            "/".join([name, *sample.labels.values()]): sample.value
            for name, sample in zip(names, samples, strict=True)
        }


@pytest.fixture
def world(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(sqlite, monkeypatch)


def test_what_waits_is_shown(world):
    assert world.shown() == {
        "oldest_unsent_event_seconds": 0,
        "outbox_messages": 7,
        "retries_waiting": 3,
        "dead_letters/crash": 2,
        "dead_letters_alerting/crash": 1,
        "database_available": 1,
    }


def test_the_age_of_an_event_is_counted_by_the_database_s_clock(world):
    world.found = Backlog(7, int(world.database.now().timestamp()) - 60, 3, {}, {})
    assert 60 <= world.shown()["oldest_unsent_event_seconds"] < 90


def test_an_event_from_the_future_is_not_negative(world):
    world.found = Backlog(7, int(world.database.now().timestamp()) + 60, 3, {}, {})
    assert world.shown()["oldest_unsent_event_seconds"] == 0


def test_what_an_absent_database_would_tell_is_not_shown(world):
    world.found = StorageUnavailable("gone")
    assert world.shown() == {"database_available": 0}


def test_a_database_that_takes_no_writes_is_not_available(world):
    world.trouble = "the database is not usable: read-only"
    assert world.shown()["database_available"] == 0


def test_who_asks_while_another_waits_for_the_answer_does_not_wait_for_long(world, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    with world.metrics._asking:
        seen: list[dict[str, float]] = []
        other = Thread(target=lambda: seen.append(world.shown()))
        other.start()
        other.join(10)
    assert seen == [{"database_available": 0}]


def test_every_code_of_a_failed_command_is_a_kind_that_is_counted_from_0():
    """A kind that appears with its first dead letter is no increase, and alerts nobody."""
    assert set(FAILURES) <= set(KINDS)

"""The database's time: asked now and then, and no matter of the local clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from persistence import clock
from persistence.database import Database
from persistence.exceptions import StorageUnavailable
from tests.support.component import ping
from tests.support.postgresql import connect

DAYS = timedelta(days=31).total_seconds()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let time pass, as a clock tells it that cannot be set."""
    passed = [0.0]
    told = clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: told() + passed[0])

    def later(seconds: float) -> None:
        passed[0] += seconds

    return later


def test_the_time_is_the_server_s(postgresql):
    with postgresql.engine.connect() as connection:
        told = connection.scalar(text("SELECT clock_timestamp()"))
    assert abs(postgresql.now() - told) < timedelta(seconds=10)
    assert postgresql.now().tzinfo is UTC


def test_a_local_clock_that_is_wrong_is_never_believed(postgresql, later, monkeypatch):
    monkeypatch.setattr("persistence.database.time", lambda: 0.0)
    assert abs(postgresql.now() - datetime.now(UTC)) < timedelta(seconds=10)
    later(61)
    ping(postgresql)  # asks again
    assert abs(postgresql.now() - datetime.now(UTC)) < timedelta(seconds=10)


def test_a_local_clock_that_jumps_moves_no_time_of_sqlite_s(sqlite, monkeypatch):
    ping(sqlite)
    monkeypatch.setattr("persistence.database.time", lambda: DAYS)
    ping(sqlite)
    assert abs(sqlite.now() - datetime.now(UTC)) < timedelta(seconds=10)


def test_time_passes_without_a_question(database, later):
    before = database.now()
    database.dispose()
    later(100)
    assert timedelta(seconds=100) <= database.now() - before < timedelta(seconds=110)


def asked_for_the_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []
    ask = database._ask_time
    monkeypatch.setattr(database, "_ask_time", lambda c: (asked.append(c), ask(c)))
    return asked


def test_it_is_asked_again_when_a_transaction_begins_after_a_minute_and_not_before(
    database, later, monkeypatch
):
    ping(database)
    asked = asked_for_the_time(database, monkeypatch)
    ping(database)
    assert asked == []
    later(61)
    ping(database)
    ping(database)
    assert len(asked) == 1


def test_a_session_that_was_ended_meanwhile_is_away_and_the_next_one_works(postgresql, later):
    ping(postgresql)
    with connect(postgresql.url) as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        end = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {others}"
        assert connection.scalar(text(end)) == 1
    later(61)
    with pytest.raises(StorageUnavailable):
        ping(postgresql)
    assert ping(postgresql) == 1


def test_after_a_question_for_the_time_a_transaction_is_one(postgresql, later):
    ping(postgresql)
    later(61)
    with postgresql.engine.connect() as connection:
        connection.execute(text("CREATE TABLE undone (i INTEGER)"))
        connection.rollback()
        assert connection.scalar(text("SELECT to_regclass('undone')")) is None

"""Throwing dead letters away, however many there are."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from persistence.database import Database
from persistence.dead_letters import PURGE_BITE, Selection, dead_letters, purge
from persistence.messages import DeadLetter, StoredCommand
from persistence.unit_of_work import UnitOfWork
from tests.support.component import rows

NOW = datetime.now(UTC)
OLD = Selection(until=NOW - timedelta(days=30))


def keep(
    database: Database, ages: Iterable[float], kind: str = "crash", component: str = "tests"
) -> None:
    """Store letters that died so many days ago."""
    letter = {"kind": kind, "component": component, "reason": "r", "errors": {}, "attempts": []}
    rest = {"body": b"", "body_bytes": 0, "properties": {}}
    values = [{**letter, **rest, "died_at": NOW - timedelta(days=age)} for age in ages]
    with database.engine.begin() as connection:
        connection.execute(dead_letters.insert(), values)


def left(database: Database) -> list[tuple[str, str]]:
    return [(row["component"], row["kind"]) for row in rows(database, dead_letters)]


def test_only_what_is_old_enough_and_ours_is_purged(database):
    keep(database, [31, 29, 31])
    keep(database, [31], component="shipping")
    assert purge(database, "tests", OLD) == 2
    assert left(database) == [("tests", "crash"), ("shipping", "crash")]


def test_one_kind_can_be_purged(database):
    keep(database, [31, 31], kind="invalid")
    keep(database, [31], kind="crash")
    assert purge(database, "tests", Selection(kind="invalid", until=NOW)) == 2
    assert left(database) == [("tests", "crash")]


def test_where_there_are_none_none_are_purged(database):
    assert purge(database, "tests", Selection(until=NOW)) == 0


@pytest.fixture
def bites(database: Database) -> list[int]:
    """How many letters each statement has removed."""
    removed: list[int] = []

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("DELETE"):
            removed.append(cursor.rowcount)

    event.listen(database.engine, "after_cursor_execute", count)
    return removed


def test_many_are_purged_in_bites_each_in_a_transaction_of_its_own(database, bites):
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    keep(database, [31] * (2 * PURGE_BITE + 1))
    del commits[:]
    assert purge(database, "tests", Selection(until=NOW)) == 2 * PURGE_BITE + 1
    assert bites == [PURGE_BITE, PURGE_BITE, 1]
    assert len(commits) == 3


def test_many_that_stay_end_no_purge_before_its_last_letter(database, bites):
    keep(database, [0] * (2 * PURGE_BITE))
    keep(database, [31])
    assert purge(database, "tests", OLD) == 1
    assert bites == [0, 0, 1]


def test_a_letter_dies_by_the_database_s_clock(database, monkeypatch):
    monkeypatch.setattr(database, "now", lambda: NOW - timedelta(days=400))
    with UnitOfWork(database, "tests") as unit:
        unit.dead_letters.add(DeadLetter("crash", "r", StoredCommand(b"")))
        unit.commit()
    assert [row["died_at"] for row in rows(database, dead_letters)] == [NOW - timedelta(days=400)]

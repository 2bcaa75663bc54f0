"""What is left of an aggregate in a database, told in words."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, insert

from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.leftovers import leftovers, revisions
from persistence.outbox import outbox
from persistence.retries import retries
from tests.sample.thing_table import things

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LETTER: dict[str, Any] = {
    "kind": "failed",
    "reason": "",
    "errors": {},
    "attempts": [],
    "body": b"",
    "body_bytes": 0,
    "properties": {},
    "died_at": NOW,
}
MESSAGE: dict[str, Any] = {
    "body": "",
    "message_id": "",
    "correlation_id": "",
    "timestamp": 0,
    "headers": {},
}
RETRY: dict[str, Any] = {"due_at": NOW, "body": b""}


def left(database: Database) -> list[str]:
    return leftovers(database, [things], ["thing.Create"], ["thing.Created"])


def put(database: Database, table: Table, **values: Any) -> None:
    if table is not things:
        values["component"] = "any"
    with database.engine.begin() as connection:
        connection.execute(insert(table).values(values))


def test_of_an_aggregate_that_nobody_used_nothing_is_left(database):
    put(database, outbox, **MESSAGE, type="order.Created")
    put(database, retries, **RETRY, properties={"type": "order.Create"})
    put(database, dead_letters, **LETTER, type="order.Create")
    put(database, dead_letters, **LETTER)
    assert left(database) == []


@pytest.mark.parametrize(
    ("table", "values", "words"),
    [
        (things, {"id": uuid4(), "version": 1}, "rows in sample_things"),
        (outbox, {**MESSAGE, "type": "thing.Created"}, "events that are not published yet"),
        (
            retries,
            {**RETRY, "properties": {"type": "thing.Create"}},
            "commands that wait to be tried again",
        ),
        (
            retries,
            {**RETRY, "properties": {"headers": {"type": "thing.Create"}}},
            "commands that wait to be tried again",
        ),
        (dead_letters, {**LETTER, "type": "thing.Create"}, "dead letters"),
        (dead_letters, {**LETTER, "type": "thing.Created"}, "dead letters"),
    ],
)
def test_what_is_left_is_named(database, table, values, words):
    put(database, table, **values)
    assert left(database) == [words]


def test_a_database_without_tables_has_nothing(empty_database_url):
    with Database(empty_database_url) as database:
        assert left(database) == []
        assert revisions(database) == set()


def test_a_look_makes_no_file(sqlite_database, tmp_path):
    with Database(sqlite_database) as database:
        assert left(database) == []
        assert revisions(database) == set()
    assert list(tmp_path.iterdir()) == []


def test_the_newest_migration_of_a_database_is_known(database):
    assert {len(revision) for revision in revisions(database)} == {4}

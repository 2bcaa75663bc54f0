"""What is told of the rows that wait."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table

from persistence import backlog as module
from persistence.backlog import KINDS, backlog
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.dead_letters.groups import Groups
from persistence.outbox import outbox
from persistence.retries import retries

NOW = datetime.now(UTC)


Row = dict[str, Any]


def store(database: Database, table: Table, *rows: Row, component: str = "tests") -> None:
    with database.engine.begin() as connection:
        for row in rows:
            connection.execute(table.insert(), {"component": component, **row})


def message(timestamp: int, reply_to: str | None = None) -> Row:
    texts = dict.fromkeys(("type", "body", "message_id", "correlation_id"), "x")
    return {**texts, "timestamp": timestamp, "reply_to": reply_to, "headers": {}}


def letter(kind: str) -> Row:
    rest = {"reason": "r", "errors": {}, "attempts": [], "body": b"", "body_bytes": 0}
    return {"kind": kind, **rest, "properties": {}, "died_at": NOW}


RETRY = {"due_at": NOW, "body": b"", "properties": {}}


def test_where_nothing_waits_all_is_0_and_no_event_is_the_oldest(database):
    none = dict.fromkeys(KINDS, 0)
    assert backlog(database, "tests") == (0, None, 0, none, none)


def test_events_and_replies_wait_but_only_events_grow_old(database):
    store(database, outbox, message(100, "q"), message(200), message(150), message(300, "q"))
    found = backlog(database, "tests")
    assert (found.outbox_messages, found.oldest_event) == (4, 200)


def test_retries_are_counted(database):
    store(database, retries, RETRY, RETRY)
    assert backlog(database, "tests").retries == 2


def test_dead_letters_of_a_group_on_hold_do_not_alert(database):
    held, own = ({**letter("crash"), "fingerprint": name} for name in ("held", "own"))
    store(database, dead_letters, held, own, letter("crash"))
    Groups(database, "tests").say("held", on_hold=True)
    found = backlog(database, "tests")
    assert (found.dead_letters["crash"], found.alerting["crash"]) == (3, 2)


def test_dead_letters_are_counted_by_kind_a_new_one_too(database):
    store(database, dead_letters, letter("crash"), letter("crash"), letter("novel"))
    counts = backlog(database, "tests").dead_letters
    assert (counts["crash"], counts["novel"], counts["failed"]) == (2, 1, 0)


def test_what_another_component_has_is_not_ours(database):
    for table, row in ((outbox, message(1)), (retries, RETRY), (dead_letters, letter("crash"))):
        store(database, table, row, component="shipping")
    none = dict.fromkeys(KINDS, 0)
    assert backlog(database, "tests") == (0, None, 0, none, none)


def test_a_look_ends_at_so_many_rows(database, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    store(database, outbox, *[message(1)] * 3)
    store(database, retries, *[RETRY] * 3)
    store(database, dead_letters, *[letter("crash")] * 3)
    found = backlog(database, "tests")
    assert (found.outbox_messages, found.retries, found.dead_letters["crash"]) == (2, 2, 2)

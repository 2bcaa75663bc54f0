"""Dead letters: chosen, put in order, grouped, imported, thrown away, however many there are."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from sqlalchemy import event, select

from persistence.database import Database
from persistence.dead_letters import (
    EVERY,
    PURGE_BITE,
    DeadLetterView,
    DeadLetterViews,
    Selection,
    dead_letters,
    filling,
    purge,
    reading,
)
from persistence.dead_letters.filling import fill_in
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.groups import Groups
from persistence.dead_letters.importing import import_letters
from persistence.messages import ORIGIN_HEADER, DeadLetter, StoredCommand
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


def views(database: Database) -> DeadLetterViews:
    return DeadLetterViews(database, "tests")


def store(database: Database, **values: Any) -> int:
    """Store a letter of the component, with these values; return its id."""
    body = values.pop("body", b"")
    letter = {"kind": "failed", "component": "tests", "reason": "r", "errors": {}, "attempts": []}
    rest = {"body": body, "body_bytes": len(body), "properties": {}, "died_at": NOW}
    made = dead_letters.insert().returning(dead_letters.c.id)
    with database.engine.begin() as connection:
        return int(connection.execute(made, {**letter, **rest, **values}).scalar_one())


AGGREGATE = uuid4()


@pytest.mark.parametrize(
    ("wanted", "selection"),
    [
        ({"kind": "crash"}, Selection(kind="crash")),
        ({"type": "a.B"}, Selection(type="a.B")),
        ({"fingerprint": "abc"}, Selection(group="abc")),
        ({"died_at": NOW + timedelta(hours=1)}, Selection(since=NOW + timedelta(hours=1))),
        ({"died_at": NOW - timedelta(hours=1)}, Selection(until=NOW)),
        ({"body": f'{{"entity_id": "{AGGREGATE}"}}'.encode()}, Selection(aggregate=AGGREGATE)),
        ({"body": str(AGGREGATE).upper().encode()}, Selection(aggregate=AGGREGATE)),
        ({"properties": {"aggregate_id": str(AGGREGATE)}}, Selection(aggregate=AGGREGATE)),
        ({"reason": "It is 50%_off."}, Selection(text="50%_OFF")),
        ({"traceback": "in There"}, Selection(text="in there")),
        ({"body": b'\xff{"value": "it\'s \xc3\xa9"'}, Selection(text="it's é")),
    ],
)
def test_what_is_chosen_is_found_and_nothing_else(database, wanted, selection):
    store(database, reason="50 or off")
    found = store(database, **wanted)
    store(database, reason="50 and off", body=b"its", component="shipping", **selection_of(wanted))
    assert [letter.id for letter in views(database).newest(selection, 10)] == [found]
    assert views(database).count(selection) == 1
    assert views(database).in_order(selection) == [found]


def selection_of(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return of these values what another component may have too."""
    return {n: value for n, value in wanted.items() if n not in ("reason", "body")}


def test_pages_go_from_the_newest_to_the_oldest(database):
    ids = [store(database) for _ in range(5)]
    first = views(database).newest(EVERY, 2)
    second = views(database).newest(EVERY, 3, before=first[-1].id)
    assert [letter.id for letter in (*first, *second)] == ids[::-1]


def test_a_walk_meets_every_letter_in_bites(database, monkeypatch):
    monkeypatch.setattr(reading, "BITE", 2)
    ids = [store(database) for _ in range(5)]
    assert [letter.id for letter in views(database).walk(EVERY)] == ids


def test_what_comes_later_is_not_chosen(database):
    first = store(database)
    frozen = Selection(up_to=views(database).last())
    store(database)
    assert views(database).in_order(frozen) == [first]


def test_letters_are_in_the_order_in_which_their_commands_were_first_tried(database, monkeypatch):
    monkeypatch.setattr(reading, "_KEYS", 2)

    def at(minutes: int) -> str:
        return (NOW + timedelta(minutes=minutes)).isoformat(timespec="milliseconds")

    last = store(database, died_at=NOW + timedelta(minutes=9))
    third = store(database, attempts=[at(3), at(8)])
    second = store(database, attempts=[at(2), at(8)])
    replayed = {"properties": {"headers": {ORIGIN_HEADER: f"{at(1)} 7"}}}
    first = store(database, attempts=[at(7)], **replayed)
    odd = {"properties": {"headers": {ORIGIN_HEADER: f"{at(0)} first"}}}
    fourth = store(database, died_at=NOW + timedelta(minutes=4), **odd)
    assert views(database).in_order(EVERY) == [first, second, third, fourth, last]


def test_a_letter_is_written_with_its_fingerprint(database):
    with UnitOfWork(database, "tests") as unit:
        unit.dead_letters.add(DeadLetter("crash", "No. 7", StoredCommand(b""), type="a.B"))
        unit.commit()
    (row,) = rows(database, dead_letters)
    assert row["fingerprint"] == fingerprint("crash", "a.B", "No. 8", None)


def test_what_an_older_release_wrote_gets_its_fingerprint(database, monkeypatch):
    monkeypatch.setattr(filling, "_OWN", filling._OWN.limit(2))
    ids = [store(database, reason=f"No. {number}") for number in range(5)]
    other = store(database, component="shipping")
    fill_in(database, "tests")
    found = {row["id"]: row["fingerprint"] for row in rows(database, dead_letters)}
    assert found.pop(other) is None
    assert found == dict.fromkeys(ids, fingerprint("failed", None, "No. 1", None))


def grouped(database: Database) -> Groups:
    return Groups(database, "tests")


def test_letters_of_one_cause_are_a_group(database):
    hour = timedelta(hours=1)
    with patch.object(database, "now", lambda: NOW):
        for age in (30, 2.5, 2.1, 0):
            newest = store(database, died_at=NOW - age * hour, fingerprint="a", reason=f"{age}")
        store(database, fingerprint="b", kind="crash", type="a.B")
        store(database, fingerprint="a", component="shipping")
        store(database)  # without a fingerprint
        first, second = grouped(database).largest(10)
    assert (first.id, first.count, first.reason) == ("a", 4, "0")
    assert (first.first_at, first.last_at) == (NOW - 30 * hour, NOW)
    assert first.trend == [0] * 21 + [2, 0, 1]
    assert first.samples[0] == newest
    assert len(first.samples) == 3
    assert (second.id, second.kind, second.type) == ("b", "crash", "a.B")


def test_what_is_said_of_a_group_stays_with_it(database):
    store(database, fingerprint="a")
    grouped(database).say("a", note="call the shop")
    grouped(database).say("a", owner="ann", on_hold=True)
    Groups(database, "shipping").say("a", note="another")
    purge(database, "tests", EVERY)
    store(database, fingerprint="a")
    group = grouped(database).find("a")
    assert group
    assert (group.note, group.owner, group.on_hold) == ("call the shop", "ann", True)
    grouped(database).say("a", note=None, on_hold=False)
    group = grouped(database).find("a")
    assert group
    assert (group.note, group.owner, group.on_hold) == (None, "ann", False)


def test_a_group_on_hold_does_not_go_with_all_others(database):
    held = store(database, fingerprint="a", kind="crash")
    awake = [store(database, fingerprint="b"), store(database)]
    grouped(database).say("a", on_hold=True)
    assert views(database).in_order(Selection(but_held=True)) == awake
    assert held in views(database).in_order(EVERY)


def test_what_is_imported_is_there_once(database):
    whole = {"command_id": uuid4(), "type": "a.B", "traceback": "t", "attempts": ["x"]}
    store(database, body=b"\x00\xff", errors={"f": ["e"]}, properties={"headers": {}}, **whole)
    store(database, body=b"another")
    letters = list(views(database).walk(EVERY))
    before = rows(database, dead_letters)
    assert import_letters(database, "tests", letters) == (0, 2)
    assert rows(database, dead_letters) == before
    purge(database, "tests", Selection(ids=(letters[0].id,)))
    assert import_letters(database, "tests", [*letters, *letters]) == (1, 4)
    came = list(views(database).walk(EVERY))
    key = attrgetter("body")
    for was, now in zip(sorted(letters, key=key), sorted(came, key=key), strict=True):
        made = fingerprint(was.kind, was.type, was.reason, was.traceback)
        assert replace(now, id=was.id) == replace(was, fingerprint=now.fingerprint)
        assert now.fingerprint in (None, made)


def test_two_imports_at_once_double_nothing(postgresql):
    letter = DeadLetterView(1, "k", "r", None, None, {}, None, [], b"", 0, {}, NOW)
    url = postgresql.url.render_as_string(hide_password=False)

    def one() -> tuple[int, int]:
        with Database(url) as database:
            return import_letters(database, "tests", [replace(letter, body=b"x")] * 50)

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(one) for _ in range(4)]
        assert sum(result.result()[0] for result in results) == 1
    assert len(rows(postgresql, dead_letters)) == 1


def test_a_bite_on_sqlite_begins_where_the_last_one_ended(migrated_sqlite_url):
    with Database(migrated_sqlite_url) as database, database.engine.connect() as connection:
        ours = Selection().conditions("tests", connection.dialect)
        query = select(dead_letters).where(*ours, dead_letters.c.id > 5).order_by(dead_letters.c.id)
        text = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all())
    assert "INTEGER PRIMARY KEY" in plan
    assert "TEMP B-TREE" not in plan

"""The events of an aggregate are known as far as outbox and inbox keep them."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete

from persistence import history
from persistence.database import Database
from persistence.history import known_events
from persistence.outbox import outbox
from tests.support.component import component
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.consumer.processor import Processor


@pytest.fixture
def thing(database: Database) -> UUID:
    """A thing that was made and changed twice, beside another one."""
    thing_id, processor = uuid4(), Processor(component(database))
    processor.apply([read(CREATE, create(thing_id)), read(CREATE, create())])
    processor.apply([read(UPDATE, update(thing_id, "one"))])
    processor.apply([read(UPDATE, update(thing_id, "two"))])
    return thing_id


def versions(database: Database, thing_id: UUID, limit: int = 9) -> list[tuple[int, bool]]:
    known = known_events(database, "tests", thing_id, limit)
    return [(event.message.headers["aggregate-version"], event.is_waiting) for event in known]


def test_what_is_not_sent_yet_is_told_once_the_newest_first(database: Database, thing: UUID):
    assert versions(database, thing) == [(3, True), (2, True), (1, True)]


def test_what_was_sent_is_known_by_its_command(database: Database, thing: UUID):
    with database.engine.begin() as connection:
        connection.execute(delete(outbox))
    assert versions(database, thing) == [(3, False), (2, False), (1, False)]
    assert all(event.at for event in known_events(database, "tests", thing, 1))


def test_no_more_are_told_than_were_asked_for(database: Database, thing: UUID):
    assert versions(database, thing, limit=2) == [(3, True), (2, True)]


def test_commands_of_long_ago_are_not_searched(database: Database, thing: UUID, monkeypatch):
    with database.engine.begin() as connection:
        connection.execute(delete(outbox))
    monkeypatch.setattr(history, "SEARCHED", 1)
    assert versions(database, thing) == [(3, False)]


def test_nobody_elses_events_are_told(database: Database, thing: UUID):
    assert known_events(database, "another", thing, 9) == []
    assert versions(database, uuid4()) == []

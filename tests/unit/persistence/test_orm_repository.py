"""A batch of commands in one unit of work: undoing one of them, and who locks what."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import JSON, CheckConstraint, Column, Integer, MetaData, Table, Uuid, event, select
from sqlalchemy.orm import registry

from domain.messages import Command, Event
from persistence.database import Database
from persistence.exceptions import Collision, CommandRefused, Conflict
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing import CommandHandler, Create, ThingID, UpdateValue
from tests.sample.thing_table import things
from tests.support.backends import COMPONENT, THING, reading
from tests.support.component import rows
from tests.support.waiting import wait_for


class Bug(Exception):
    pass


class Batch:
    """A unit of work with its repository and a handler on it."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit
        self.repository = THING.repository(unit)
        self.handler = CommandHandler(self.repository)

    def handle(self, command: Command) -> None:
        with self.unit.command():
            self.handler.handle(command)

    def fail(self, command: Command) -> None:
        """Handle a command with a bug that shows after everything was saved."""
        with suppress(Bug), self.unit.command():
            self.handler.handle(command)
            raise Bug

    def state(self, thing_id: ThingID) -> tuple[str | None, int] | None:
        thing = self.repository.find(thing_id)
        return (thing.dto.value, thing.dto.version) if thing else None


@pytest.fixture
def batch(database: Database) -> Iterator[Batch]:
    with UnitOfWork(database, COMPONENT) as unit:
        yield Batch(unit)


def new_id() -> ThingID:
    return ThingID(uuid4())


def update(thing_id: ThingID, value: str) -> UpdateValue:
    return UpdateValue(thing_id=thing_id, value=value)


def run(database: Database, *commands: Command) -> None:
    """Apply commands in a unit of work of their own."""
    with UnitOfWork(database, COMPONENT) as unit:
        batch = Batch(unit)
        for command in commands:
            batch.handle(command)
        unit.commit()


@pytest.fixture
def thing_id(database: Database) -> ThingID:
    """A thing that has the value "old", version 2."""
    thing_id = new_id()
    run(database, Create(thing_id=thing_id), update(thing_id, "old"))
    return thing_id


def test_a_failed_command_leaves_the_thing_as_it_was(batch, thing_id):
    batch.fail(update(thing_id, "new"))
    assert batch.state(thing_id) == ("old", 2)


def test_a_failed_command_is_not_written(batch, database, thing_id):
    batch.fail(update(thing_id, "new"))
    batch.unit.commit()
    assert rows(database, things) == [{"id": thing_id, "value": "old", "version": 2}]


def test_a_failed_command_leaves_no_event(batch, thing_id):
    batch.fail(update(thing_id, "new"))
    assert batch.unit.saved_events() == []


def test_a_failed_creation_leaves_no_thing(batch):
    thing_id = new_id()
    batch.fail(Create(thing_id=thing_id))
    assert batch.state(thing_id) is None


def test_a_failed_creation_is_not_written(batch, database):
    batch.fail(Create())
    batch.unit.commit()
    assert rows(database, things) == []


def test_after_a_failed_creation_the_thing_can_be_created(batch, database):
    thing_id = new_id()
    batch.fail(Create(thing_id=thing_id))
    batch.handle(Create(thing_id=thing_id))
    batch.unit.commit()
    assert rows(database, things) == [{"id": thing_id, "value": None, "version": 1}]


def test_a_failed_command_leaves_what_earlier_ones_did(batch, database, thing_id):
    batch.handle(update(thing_id, "1"))
    batch.fail(update(thing_id, "2"))
    batch.unit.commit()
    assert rows(database, things) == [{"id": thing_id, "value": "1", "version": 3}]


def test_later_commands_go_on_from_what_was_left(batch, database, thing_id):
    batch.fail(update(thing_id, "1"))
    batch.handle(update(thing_id, "2"))
    batch.unit.commit()
    assert rows(database, things) == [{"id": thing_id, "value": "2", "version": 3}]


def test_a_failed_update_leaves_the_creation_before_it(batch, database):
    thing_id = new_id()
    batch.handle(Create(thing_id=thing_id))
    batch.fail(update(thing_id, "new"))
    batch.unit.commit()
    assert rows(database, things) == [{"id": thing_id, "value": None, "version": 1}]


def test_a_command_that_fails_after_creating_and_updating_leaves_nothing(batch, database):
    thing_id = new_id()
    with suppress(Bug), batch.unit.command():
        batch.handler.handle(Create(thing_id=thing_id))
        batch.handler.handle(update(thing_id, "new"))
        raise Bug
    batch.unit.commit()
    assert rows(database, things) == []


def test_a_command_that_fails_without_saving_leaves_nothing(batch, database, thing_id):
    with suppress(Bug), batch.unit.command():
        batch.repository.find(thing_id).update(update(thing_id, "new"))
        raise Bug
    batch.unit.commit()
    assert batch.unit._dtos  # the unit has worked
    assert rows(database, things) == [{"id": thing_id, "value": "old", "version": 2}]


def test_a_half_done_change_is_not_seen_by_later_commands(batch, thing_id):
    with suppress(Bug), batch.unit.command():
        batch.repository.find(thing_id).update(update(thing_id, "new"))
        raise Bug
    assert batch.state(thing_id) == ("old", 2)


def test_a_command_that_changed_two_things_is_undone_on_both(batch, database, thing_id):
    other_id = new_id()
    run(database, Create(thing_id=other_id), update(other_id, "other"))
    with suppress(Bug), batch.unit.command():
        batch.handler.handle(update(thing_id, "new"))
        batch.handler.handle(update(other_id, "new"))
        raise Bug
    assert (batch.state(thing_id), batch.state(other_id)) == (("old", 2), ("other", 2))


def test_several_commands_of_a_batch_on_one_thing_are_all_applied(batch, database, thing_id):
    for value in ("1", "2", "3"):
        batch.handle(update(thing_id, value))
    batch.unit.commit()
    assert rows(database, things) == [{"id": thing_id, "value": "3", "version": 5}]


def test_the_events_of_a_command_have_their_place_in_the_history(batch, thing_id):
    with batch.unit.command():
        (first,) = batch.handler.handle(update(thing_id, "1"))
        (second,) = batch.handler.handle(update(thing_id, "2"))
        saved = batch.unit.saved_events()
    assert [(s.event, s.aggregate_type, s.aggregate_id, s.aggregate_version) for s in saved] == [
        (first, "thing", thing_id, 3),
        (second, "thing", thing_id, 4),
    ]


def test_only_the_events_of_the_current_command_are_told(batch, thing_id):
    batch.handle(update(thing_id, "1"))
    with batch.unit.command():
        events = batch.handler.handle(update(thing_id, "2"))
        assert [saved.event for saved in batch.unit.saved_events()] == events


def test_nothing_is_there_for_others_before_the_commit(batch, database):
    thing_id = new_id()
    batch.handle(Create(thing_id=thing_id))
    reader = reading(database)
    found = THING.views(reader).find(thing_id)
    reader.dispose()
    assert found is None


def test_a_unit_that_is_left_without_commit_has_done_nothing(database):
    with UnitOfWork(database, COMPONENT) as unit:
        Batch(unit).handle(Create())
    assert rows(database, things) == []


@pytest.fixture
def statements(database: Database, thing_id: ThingID) -> Iterator[list[str]]:
    """The queries for things that reach the database."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "FROM sample_things" in statement:
            seen.append(" ".join(statement.split()))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_all_things_of_a_batch_are_loaded_with_one_query(batch, statements, thing_id):
    batch.repository.lock([thing_id, new_id(), new_id()])
    assert len(statements) == 1


def test_what_is_loaded_is_not_asked_for_again(batch, statements, thing_id):
    batch.repository.lock([thing_id])
    batch.repository.lock([thing_id])
    batch.handle(update(thing_id, "new"))
    assert len(statements) == 1


def test_what_does_not_exist_is_not_asked_for_again(batch, statements):
    missing = new_id()
    batch.repository.lock([missing])
    assert batch.repository.find(missing) is None
    assert len(statements) == 1


def test_a_batch_without_things_asks_for_none(batch, statements):
    batch.repository.lock([])
    assert statements == []


def in_thread(work: Callable[[], None]) -> tuple[Thread, list[BaseException]]:
    """Begin the work in a thread; the list gets what it raises."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # told to the test
            errors.append(error)

    thread = Thread(target=guarded)
    thread.start()
    return thread, errors


@pytest.fixture
def other(postgresql: Database) -> Iterator[Database]:
    """The same PostgreSQL database as another process sees it."""
    database = Database(postgresql.url.render_as_string(hide_password=False))
    yield database
    database.dispose()


def waits_for_a_lock(database: Database) -> bool:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with database.engine.connect() as connection:
        return bool(connection.exec_driver_sql(query).scalar())


def is_locked(database: Database, thing_id: UUID) -> bool:
    query = select(things.c.id).where(things.c.id == thing_id)
    with database.engine.connect() as connection:
        free = connection.execute(query.with_for_update(skip_locked=True)).all()
    return not free


def test_a_thing_stays_locked_until_the_commit(postgresql, other):
    thing_id = new_id()
    run(postgresql, Create(thing_id=thing_id))
    with UnitOfWork(postgresql, COMPONENT) as unit:
        THING.repository(unit).lock([thing_id])
        assert is_locked(other, thing_id)
        unit.commit()
        assert not is_locked(other, thing_id)


def test_who_waits_for_a_lock_sees_what_its_holder_committed(postgresql, other):
    thing_id = new_id()
    run(postgresql, Create(thing_id=thing_id))
    with UnitOfWork(postgresql, COMPONENT) as unit:
        Batch(unit).handle(update(thing_id, "first"))
        thread, errors = in_thread(lambda: run(other, update(thing_id, "second")))
        wait_for(lambda: waits_for_a_lock(postgresql), "the second one waits", 5)
        unit.commit()
    thread.join(10)
    assert errors == []
    assert rows(postgresql, things) == [{"id": thing_id, "value": "second", "version": 3}]


def test_locks_are_taken_in_the_order_of_ids(postgresql, other):
    low, high = ThingID(UUID(int=1)), ThingID(UUID(int=2))
    # The rows lie in the other order, and are asked for in the other order.
    run(postgresql, Create(thing_id=high))
    run(postgresql, Create(thing_id=low))

    def lock_both() -> None:
        with UnitOfWork(other, COMPONENT) as unit:
            THING.repository(unit).lock([high, low])

    with UnitOfWork(postgresql, COMPONENT) as unit:
        THING.repository(unit).lock([low])
        thread, errors = in_thread(lock_both)
        wait_for(lambda: waits_for_a_lock(postgresql), "the other one waits", 5)
        assert not is_locked(postgresql, high)
    thread.join(10)
    assert errors == []


def test_a_lock_that_is_held_too_long_is_a_conflict(postgresql):
    thing_id = new_id()
    run(postgresql, Create(thing_id=thing_id))
    impatient = Database(postgresql.url.render_as_string(hide_password=False), deadline=0.3)
    try:
        with UnitOfWork(postgresql, COMPONENT) as holder, UnitOfWork(impatient, COMPONENT) as unit:
            THING.repository(holder).lock([thing_id])
            with pytest.raises(Conflict):
                THING.repository(unit).lock([thing_id])
    finally:
        impatient.dispose()


def test_two_who_create_the_same_thing_collide(postgresql, other):
    thing_id = new_id()
    with UnitOfWork(postgresql, COMPONENT) as first, UnitOfWork(other, COMPONENT) as second:
        Batch(first).handle(Create(thing_id=thing_id))
        Batch(second).handle(Create(thing_id=thing_id))
        first.commit()
        with pytest.raises(Collision):
            second.commit()


def test_on_sqlite_one_who_writes_at_a_time(sqlite):
    impatient = Database(sqlite.url.render_as_string(), deadline=0.1)
    try:
        with UnitOfWork(sqlite, COMPONENT) as holder, UnitOfWork(impatient, COMPONENT) as unit:
            THING.repository(holder).lock([new_id()])
            with pytest.raises(Conflict):
                THING.repository(unit).lock([new_id()])
    finally:
        impatient.dispose()


@dataclass(eq=False)
class BasketDTO:
    """A DTO with an attribute that can be changed in place."""

    id: UUID
    items: list[str] = field(default_factory=list)
    version: int = 0


@pytest.fixture
def baskets(database: Database) -> Iterator[Table]:
    table = Table(
        "baskets",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("items", JSON),
        Column("version", Integer),
        CheckConstraint("version < 3"),
    )
    mappings = registry(metadata=table.metadata)
    mappings.map_imperatively(BasketDTO, table)
    table.create(database.engine)
    yield table
    mappings.dispose()


def happened() -> Event:
    return Event(command_id=uuid4())


def test_a_change_within_an_attribute_is_undone(batch, baskets):
    dtos = batch.unit.dtos(BasketDTO, "basket")
    with batch.unit.command():
        dtos.put(basket := BasketDTO(uuid4(), ["apple"]), [happened()])
    with suppress(Bug), batch.unit.command():
        dtos.get(basket.id).items.append("pear")
        raise Bug
    assert dtos.get(basket.id).items == ["apple"]


def test_a_change_within_an_attribute_is_written(batch, database, baskets):
    basket = BasketDTO(uuid4(), ["apple"])
    with UnitOfWork(database, COMPONENT) as unit:
        unit.dtos(BasketDTO, "basket").put(basket, [happened()])
        unit.commit()
    dtos = batch.unit.dtos(BasketDTO, "basket")
    with batch.unit.command():
        found = dtos.get(basket.id)
        found.items.append("pear")
        dtos.put(found, [happened()])
    batch.unit.commit()
    assert rows(database, baskets) == [{"id": basket.id, "items": ["apple", "pear"], "version": 2}]


def test_with_savepoints_what_is_refused_is_undone_alone(batch, database, baskets):
    batch.unit.use_savepoints()
    dtos = batch.unit.dtos(BasketDTO, "basket")
    with batch.unit.command():
        dtos.put(basket := BasketDTO(uuid4()), [happened()])
    with pytest.raises(CommandRefused), batch.unit.command():
        dtos.put(basket, [happened(), happened()])
    with batch.unit.command():
        dtos.put(basket, [happened()])
    batch.unit.commit()
    assert rows(database, baskets) == [{"id": basket.id, "items": [], "version": 2}]


def test_a_unit_of_work_keeps_aggregates_of_several_types_apart(batch, database, baskets):
    shared_id = new_id()
    with batch.unit.command():
        batch.handler.handle(Create(thing_id=shared_id))
        batch.unit.dtos(BasketDTO, "basket").put(BasketDTO(shared_id), [happened()])
        types = [saved.aggregate_type for saved in batch.unit.saved_events()]
    batch.unit.commit()
    assert types == ["thing", "basket"]
    assert [len(rows(database, table)) for table in (things, baskets)] == [1, 1]

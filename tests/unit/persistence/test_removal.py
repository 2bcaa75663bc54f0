"""Aggregates that are removed: their rows are gone, and their versions never repeat."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid, event
from sqlalchemy.orm import registry

from domain.exceptions import NotFound
from domain.messages import Event
from persistence.database import Database
from persistence.exceptions import Collision
from persistence.removed import removed
from persistence.repository import ORMRepository
from persistence.unit_of_work import UnitOfWork
from tests.sample.aggregates import ORDER
from tests.sample.order import LineDTO, Order, OrderDTO
from tests.sample.order_table import lines, metadata, orders
from tests.support.backends import COMPONENT
from tests.support.component import rows


class Bug(Exception):
    pass


# SQLite has one writer at a time.
with_two_writers = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
of_columns = pytest.mark.parametrize("kind", ["columns"], indirect=True)
of_objects = pytest.mark.parametrize("kind", ["objects"], indirect=True)


@dataclass(eq=False)
class NoteDTO:
    """Columns of one table, and nothing else."""

    id: UUID
    text: str = ""
    version: int = 0


class Note:
    def __init__(self, dto: NoteDTO) -> None:
        self.dto = dto


@dataclass
class Kind:
    """A kind of aggregate on a database: where its rows are, and how one is made and kept."""

    database: Database
    table: Table
    make: Callable[[UUID], Any]
    repository: Callable[[UnitOfWork], ORMRepository[Any]]


@pytest.fixture(params=["columns", "objects"])
def kind(request: pytest.FixtureRequest, database: Database) -> Iterator[Kind]:
    if request.param == "objects":
        metadata.create_all(database.engine)
        yield Kind(database, orders, lambda id: Order(_order(id)), ORDER.repository)
        metadata.drop_all(database.engine)
        return
    notes = Table(
        "notes",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("text", Text),
        Column("version", Integer),
    )
    mappings = registry(metadata=notes.metadata)
    mappings.map_imperatively(NoteDTO, notes)
    notes.create(database.engine)
    yield Kind(
        database,
        notes,
        lambda id: Note(NoteDTO(id)),
        lambda unit: ORMRepository(unit, Note, NoteDTO, "note", removable=True),
    )
    notes.drop(database.engine)
    mappings.dispose()


def _order(order_id: UUID) -> OrderDTO:
    return OrderDTO(order_id, lines=[LineDTO("tea", 1)])


class Work:
    """A unit of work in which aggregates of one kind come and go; notes the versions of events."""

    def __init__(self, kind: Kind, unit: UnitOfWork) -> None:
        self.unit = unit
        self.repository = kind.repository(unit)
        self.versions: list[int] = []
        self._make = kind.make

    def do(self, *steps: Callable[[UUID], None], to: UUID, fail: bool = False) -> None:
        """Do these in one command, which may fail at its end."""
        with suppress(Bug), self.unit.command():
            for step in steps:
                step(to)
            if fail:
                raise Bug
            self.versions += [saved.aggregate_version for saved in self.unit.saved_events()]

    def create(self, aggregate_id: UUID) -> None:
        assert self.repository.find(aggregate_id) is None
        self.repository.save(self._make(aggregate_id), [happened()])

    def change(self, aggregate_id: UUID) -> None:
        self.repository.save(self.repository.get(aggregate_id), [happened()])

    def remove(self, aggregate_id: UUID) -> None:
        self.repository.remove(self.repository.get(aggregate_id), [happened()])


def happened() -> Event:
    return Event(command_id=uuid4())


@pytest.fixture
def work(kind: Kind) -> Iterator[Work]:
    with UnitOfWork(kind.database, COMPONENT) as unit:
        yield Work(kind, unit)


def run(kind: Kind, *names: str, to: UUID) -> list[int]:
    """Do each of these in a command of its own, all in one transaction; return the versions."""
    with UnitOfWork(kind.database, COMPONENT) as unit:
        work = Work(kind, unit)
        for name in names:
            work.do(getattr(work, name), to=to)
        unit.commit()
        return work.versions


def left(kind: Kind) -> list[tuple[str, int]]:
    return [(row["component"], row["version"]) for row in rows(kind.database, removed)]


def test_a_removed_aggregate_is_gone(kind):
    aggregate_id = uuid4()
    run(kind, "create", to=aggregate_id)
    assert run(kind, "change", "remove", to=aggregate_id) == [2, 3]
    assert rows(kind.database, kind.table) == []


def test_others_stay(kind):
    aggregate_id, other_id = uuid4(), uuid4()
    run(kind, "create", to=aggregate_id)
    run(kind, "create", to=other_id)
    run(kind, "remove", to=aggregate_id)
    assert [row["id"] for row in rows(kind.database, kind.table)] == [other_id]


def test_its_last_version_is_left(kind):
    run(kind, "create", "change", to=(aggregate_id := uuid4()))
    run(kind, "remove", to=aggregate_id)
    assert left(kind) == [(COMPONENT, 3)]


def test_a_removed_aggregate_is_not_found(work):
    work.do(work.create, work.remove, to=(aggregate_id := uuid4()))
    with pytest.raises(NotFound):
        work.repository.get(aggregate_id)


def test_one_made_later_under_its_id_goes_on_counting(kind):
    run(kind, "create", "remove", to=(aggregate_id := uuid4()))
    assert run(kind, "create", "change", to=aggregate_id) == [3, 4]
    assert [row["version"] for row in rows(kind.database, kind.table)] == [4]


def test_nothing_is_left_of_one_that_is_there_again(kind):
    run(kind, "create", "remove", to=(aggregate_id := uuid4()))
    run(kind, "create", to=aggregate_id)
    assert left(kind) == []


def test_it_goes_on_counting_as_often_as_it_is_removed(kind):
    aggregate_id = uuid4()
    versions = [run(kind, "create", "remove", to=aggregate_id) for _ in range(3)]
    assert versions == [[1, 2], [3, 4], [5, 6]]
    assert left(kind) == [(COMPONENT, 6)]


def test_it_goes_on_counting_within_a_batch(kind):
    aggregate_id = uuid4()
    assert run(kind, "create", "remove", "create", "change", to=aggregate_id) == [1, 2, 3, 4]
    assert [row["version"] for row in rows(kind.database, kind.table)] == [4]
    assert left(kind) == []


def test_one_that_was_there_goes_on_counting_within_a_batch(kind):
    run(kind, "create", to=(aggregate_id := uuid4()))
    assert run(kind, "remove", "create", "remove", to=aggregate_id) == [2, 3, 4]
    assert (rows(kind.database, kind.table), left(kind)) == ([], [(COMPONENT, 4)])


def test_one_that_was_there_is_made_anew_within_a_batch(kind):
    run(kind, "create", to=(aggregate_id := uuid4()))
    assert run(kind, "remove", "create", to=aggregate_id) == [2, 3]
    assert [row["version"] for row in rows(kind.database, kind.table)] == [3]
    assert left(kind) == []


@of_objects
def test_the_lines_of_an_order_are_made_anew_with_it(kind):
    run(kind, "create", "remove", "create", to=(aggregate_id := uuid4()))
    run(kind, "remove", "create", to=aggregate_id)
    assert [row["order_id"] for row in rows(kind.database, lines)] == [aggregate_id]


CREATE_FAILS = [("create", True), ("create", False), ("remove", False)]
REMOVE_FAILS = [("create", False), ("remove", True), ("change", False)]
SECOND_CREATE_FAILS = [("create", False), ("remove", False), ("create", True)]


def run_failing(kind: Kind, steps: list[tuple[str, bool]], *, savepoints: bool) -> list[int]:
    """Do each of these in a command of its own, of which some fail; return the versions."""
    with UnitOfWork(kind.database, COMPONENT) as unit:
        work = Work(kind, unit)
        if savepoints:
            unit.use_savepoints()
        aggregate_id = uuid4()
        for name, fails in steps:
            work.do(getattr(work, name), to=aggregate_id, fail=fails)
        unit.commit()
        return work.versions


@pytest.mark.parametrize("savepoints", [False, True])
@pytest.mark.parametrize("steps", [CREATE_FAILS, SECOND_CREATE_FAILS])
def test_a_failed_creation_before_or_after_a_removal_is_undone_alone(kind, steps, savepoints):
    assert run_failing(kind, steps, savepoints=savepoints) == [1, 2]
    assert (rows(kind.database, kind.table), left(kind)) == ([], [(COMPONENT, 2)])


def test_a_failed_removal_is_undone_alone(kind):
    assert run_failing(kind, REMOVE_FAILS, savepoints=True) == [1, 2]
    assert (len(rows(kind.database, kind.table)), left(kind)) == (1, [])


@of_columns
def test_a_failed_removal_of_columns_is_undone_in_memory(kind):
    assert run_failing(kind, REMOVE_FAILS, savepoints=False) == [1, 2]
    assert (len(rows(kind.database, kind.table)), left(kind)) == (1, [])


@pytest.mark.parametrize("savepoints", [False, True])
def test_a_failed_creation_leaves_what_was_left(kind, savepoints):
    run(kind, "create", "remove", to=(aggregate_id := uuid4()))
    with UnitOfWork(kind.database, COMPONENT) as unit:
        work = Work(kind, unit)
        if savepoints:
            unit.use_savepoints()
        work.do(work.create, to=aggregate_id, fail=True)
        work.do(work.create, to=aggregate_id)
        unit.commit()
    assert work.versions == [3]


def test_components_count_each_for_itself(kind):
    run(kind, "create", "remove", to=(aggregate_id := uuid4()))
    with UnitOfWork(kind.database, "another") as unit:
        work = Work(kind, unit)
        work.do(work.create, to=aggregate_id)
    assert work.versions == [1]


def test_who_removes_what_may_not_be_removed_is_told_the_way_out(kind, work):
    dto_class = type(kind.make(uuid4()).dto)
    with UnitOfWork(kind.database, COMPONENT) as unit:
        repository = ORMRepository(unit, Order, dto_class, "order")
        with pytest.raises(TypeError, match="give their repository removable=True"):
            repository.remove(kind.make(uuid4()), [happened()])


@of_columns
def test_all_that_are_removed_are_deleted_with_one_statement(kind):
    ids = [uuid4() for _ in range(5)]
    for aggregate_id in ids:
        run(kind, "create", to=aggregate_id)
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(kind.database.engine, "before_cursor_execute", note)
    with UnitOfWork(kind.database, COMPONENT) as unit:
        work = Work(kind, unit)
        work.repository.lock(ids)
        for aggregate_id in ids:
            work.do(work.remove, to=aggregate_id)
        unit.commit()
    event.remove(kind.database.engine, "before_cursor_execute", note)
    assert sum(statement.startswith("DELETE FROM notes") for statement in seen) == 1


# Two at once


@pytest.fixture
def other(kind: Kind) -> Iterator[Kind]:
    """The same kind as another process sees it."""
    with Database(kind.database.url.render_as_string(hide_password=False)) as database:
        yield Kind(database, kind.table, kind.make, kind.repository)


@with_two_writers
def test_who_creates_what_came_and_went_meanwhile_collides(kind, other, work):
    aggregate_id = uuid4()
    work.do(work.create, to=aggregate_id)
    run(other, "create", "remove", to=aggregate_id)
    with pytest.raises(Collision):
        work.unit.commit()


@with_two_writers
def test_who_lets_one_come_and_go_that_another_did_collides(kind, other, work):
    aggregate_id = uuid4()
    work.do(work.create, work.remove, to=aggregate_id)
    run(other, "create", "remove", to=aggregate_id)
    with pytest.raises(Collision):
        work.unit.commit()


@with_two_writers
def test_who_lets_one_come_and_go_that_another_creates_collides(kind, other, work):
    aggregate_id = uuid4()
    work.do(work.create, work.remove, to=aggregate_id)
    run(other, "create", to=aggregate_id)
    with pytest.raises(Collision):
        work.unit.commit()


@with_two_writers
def test_who_creates_after_a_removal_that_he_waited_for_goes_on_counting(kind, other):
    run(kind, "create", to=(aggregate_id := uuid4()))
    run(other, "remove", to=aggregate_id)
    assert run(kind, "create", to=aggregate_id) == [3]


@with_two_writers
def test_what_an_undone_command_has_read_is_read_anew(kind, other):
    """Its lock went with the savepoint, so that others may have changed it."""
    run(kind, "create", to=(aggregate_id := uuid4()))
    with UnitOfWork(kind.database, COMPONENT) as unit:
        work = Work(kind, unit)
        unit.use_savepoints()
        work.do(work.change, to=aggregate_id, fail=True)
        assert run(other, "change", to=aggregate_id) == [2]
        work.do(work.change, to=aggregate_id)
        unit.commit()
    assert work.versions == [3]

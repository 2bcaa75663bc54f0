"""Everything that a command did is undone with it, and with it alone."""

from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, exc, text
from sqlalchemy.orm import Session, registry

from domain.exceptions import DomainError
from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.exceptions import StorageUnavailable
from persistence.retries import retries
from tests.sample.sales import sales
from tests.sample.thing_table import things
from tests.support.component import rows
from tests.support.messages import CREATE, UPDATE, create, message, update
from tests.support.orders import World, add, close, drop, place
from worker.amqp.wire import Message
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader


class Bug(Exception):
    pass


class NotToday(DomainError):
    code = "not-today"


def sell(session: Session, product: str, event_id: UUID | None = None) -> None:
    """Write a row as a handler of a team's own might."""
    values = {"event_id": event_id or uuid4(), "order_id": uuid4(), "quantity": 1}
    session.execute(sales.insert().values(product=product, **values))


def mischief(command: Command, session: Session) -> None:
    """Fail after everything was done, for what is called so."""
    match getattr(command, "product", getattr(command, "value", None)):
        case "bug":
            raise Bug
        case "not today":
            raise NotToday("Not today.")
        case "sells":
            sell(session, "sold by hand")
        case "sells, bug":
            sell(session, "never sold")
            raise Bug


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    world = World(database)
    world.mischief = mischief
    yield world
    world.close()


@pytest.fixture
def thing_id(world: World) -> UUID:
    thing_id = uuid4()
    world.apply(message(CREATE, create(thing_id)))
    return thing_id


def value(thing_id: UUID, text: str) -> Message:
    return message(UPDATE, update(thing_id, text))


# An order and its lines


def test_an_order_is_stored_with_its_lines(world):
    order_id = uuid4()
    batch = place(order_id), add(order_id, "tea", 2), add(order_id, "milk", 1)
    assert world.apply(*batch) == {"applied": 3}
    assert world.order(order_id) == (3, {"tea": 2, "milk": 1})


def test_a_changed_line_is_stored_and_raises_the_version(world):
    order_id = world.place("tea")
    world.apply(add(order_id, "tea", 3))
    assert world.order(order_id) == (3, {"tea": 4})


def test_a_removed_line_is_deleted(world):
    order_id = world.place("tea", "milk")
    assert world.apply(drop(order_id, "tea")) == {"applied": 1}
    assert world.order(order_id) == (4, {"milk": 1})


def test_a_removed_order_is_deleted_with_its_lines(world):
    order_id = world.place("tea", "milk")
    assert world.apply(close(order_id)) == {"applied": 1}
    assert world.order(order_id) is None


def test_the_event_of_its_removal_has_the_last_version(world):
    order_id = world.place("tea")
    world.apply(close(order_id))
    assert world.versions(order_id) == [3]


@pytest.mark.parametrize("failing", ["bug", "not today"])
def test_a_line_is_removed_although_neighbours_fail(world, failing):
    order_id, other_id = world.place("tea", "milk"), world.place("salt")
    endings = world.apply(
        add(order_id, failing),
        add(other_id, failing),
        drop(order_id, "tea"),
        add(other_id, "pepper"),
        add(order_id, failing),
        add(order_id, "sugar"),
        add(other_id, failing),
    )
    assert endings == {"applied": 3, "retrying" if failing == "bug" else "rejected": 4}
    assert world.order(order_id) == (5, {"milk": 1, "sugar": 1})
    assert world.order(other_id) == (3, {"salt": 1, "pepper": 1})
    assert (world.versions(order_id), world.versions(other_id)) == ([4, 5], [3])


def test_an_order_is_removed_although_neighbours_fail(world):
    order_id, other_id = world.place("tea"), world.place("salt")
    endings = world.apply(
        add(order_id, "bug"), add(other_id, "bug"), close(order_id), add(other_id, "bug")
    )
    assert endings == {"applied": 1, "retrying": 3}
    assert (world.order(order_id), world.order(other_id)) == (None, (2, {"salt": 1}))


def test_a_failed_removal_removes_nothing(world):
    order_id = world.place("tea")

    def fail(command: Command, session: Session) -> None:
        raise Bug

    world.mischief = fail
    assert world.apply(close(order_id)) == {"retrying": 1}
    assert world.order(order_id) == (2, {"tea": 1})


def test_a_failed_removal_leaves_the_order_to_those_behind_it(world):
    order_id = world.place("tea")

    def fail(command: Command, session: Session) -> None:
        if type(command).__name__ == "Close":
            raise Bug

    world.mischief = fail
    assert world.apply(close(order_id), add(order_id, "milk")) == {"retrying": 1, "applied": 1}
    assert world.order(order_id) == (3, {"tea": 1, "milk": 1})


def test_a_failed_removal_leaves_what_was_done_before_it(world):
    order_id = world.place("tea")

    def fail(command: Command, session: Session) -> None:
        if type(command).__name__ == "Close":
            raise Bug

    world.mischief = fail
    world.apply(add(order_id, "milk"), close(order_id), add(order_id, "salt"))
    assert world.order(order_id) == (4, {"tea": 1, "milk": 1, "salt": 1})


def test_a_failed_line_is_not_there_for_those_behind_it(world):
    order_id = world.place("tea")
    assert world.apply(add(order_id, "bug"), drop(order_id, "bug")) == {
        "retrying": 1,
        "rejected": 1,
    }
    assert world.order(order_id) == (2, {"tea": 1})


def test_a_line_of_an_order_of_the_same_batch_is_undone_alone(world):
    order_id = uuid4()
    world.apply(place(order_id), add(order_id, "tea"), add(order_id, "bug"), add(order_id, "salt"))
    assert world.order(order_id) == (3, {"tea": 1, "salt": 1})


def test_a_line_that_was_removed_by_a_failed_command_is_still_there(world):
    order_id = world.place("tea")

    def fail(command: Command, session: Session) -> None:
        if type(command).__name__ == "RemoveLine":
            raise Bug

    world.mischief = fail
    world.apply(drop(order_id, "tea"), add(order_id, "tea"))
    assert world.order(order_id) == (3, {"tea": 2})


# What the database refuses


@pytest.mark.parametrize("beside", ["tea", "bug"])
def test_what_the_database_refuses_costs_the_command_alone(world, beside):
    """Beside a bug, the batch has savepoints when the database refuses."""
    order_id, other_id = world.place(), world.place()
    endings = world.apply(
        add(other_id, beside),
        add(order_id, "milk"),
        add(order_id, "none", 0),
        add(order_id, "salt"),
    )
    failed = 1 if beside == "tea" else 2
    assert endings == {"applied": 4 - failed, "retrying": failed}
    assert world.order(order_id) == (3, {"milk": 1, "salt": 1})
    assert world.versions(order_id) == [2, 3]


def test_what_the_database_refuses_with_savepoints_needs_no_smaller_batch(world):
    order_id, other_id = world.place(), world.place()
    world.apply(add(other_id, "bug"), add(order_id, "none", 0), add(order_id, "salt"))
    assert world.statements.count("RELEASE SAVEPOINT sa_savepoint_3") == 1
    assert world.savepoints == 3


@pytest.mark.parametrize("beside", ["tea", "bug"])
def test_a_reference_that_is_taken_costs_the_command_alone(world, beside):
    first, second, other_id = uuid4(), uuid4(), world.place()
    endings = world.apply(
        add(other_id, beside), place(first, "R1"), place(second, "R1"), add(first, "tea")
    )
    assert endings["retrying"] == (2 if beside == "bug" else 1)
    assert (world.order(first), world.order(second)) == ((2, {"tea": 1}), None)


def test_what_a_handler_s_own_sql_breaks_costs_the_command_alone(world, thing_id):
    def collide(command: Command, session: Session) -> None:
        if getattr(command, "value", None) == "2":
            sell(session, "first", thing_id)
            sell(session, "second", thing_id)

    world.mischief = collide
    endings = world.apply(*(value(thing_id, str(n)) for n in range(1, 4)))
    assert endings == {"applied": 2, "retrying": 1}
    assert (world.sold(), world.versions(thing_id)) == ([], [1, 2, 3])


def test_the_dead_letter_tells_what_the_database_said(world, thing_id):
    def collide(command: Command, session: Session) -> None:
        sell(session, "first", thing_id)
        sell(session, "second", thing_id)

    world.mischief = collide
    world.component.settings = world.component.settings.__class__(
        **{**vars(world.component.settings), "max_attempts": 1}
    )
    assert world.apply(value(thing_id, "2")) == {"failed": 1}
    (letter,) = rows(world.database, dead_letters)
    assert letter["reason"].startswith("CommandRefused: ")
    assert "nique" in letter["reason"].replace("UNIQUE", "unique")


def test_who_goes_on_after_an_error_of_his_own_sql_costs_nobody_else(world, thing_id):
    def collide(command: Command, session: Session) -> None:
        if getattr(command, "value", None) == "2":
            sell(session, "first", thing_id)
            with suppress(exc.IntegrityError):
                sell(session, "second", thing_id)

    world.mischief = collide
    endings = world.apply(*(value(thing_id, str(n)) for n in range(1, 4)))
    assert endings["applied"] == (2 if world.database.is_postgresql else 3)
    assert endings.total() == 3


def test_a_handler_may_undo_a_part_itself(world, thing_id):
    def collide(command: Command, session: Session) -> None:
        sell(session, "first", thing_id)
        with suppress(exc.IntegrityError), session.begin_nested():
            sell(session, "second", thing_id)

    world.mischief = collide
    assert world.apply(value(thing_id, "1")) == {"applied": 1}
    assert world.sold() == ["first"]


@pytest.mark.parametrize("call", [Session.commit, Session.rollback])
def test_a_handler_cannot_end_the_transaction(world, thing_id, call):
    def end(command: Command, session: Session) -> None:
        if getattr(command, "value", None) == "2":
            getattr(session, call.__name__)()

    world.mischief = end
    endings = world.apply(*(value(thing_id, str(n)) for n in range(1, 4)))
    assert endings == {"applied": 2, "retrying": 1}


def test_another_database_of_a_handler_s_is_no_outage_of_ours(world, thing_id, tmp_path):
    elsewhere = create_engine(f"sqlite:///{tmp_path}/no/such/folder")

    def ask(command: Command, session: Session) -> None:
        sell(session, "never sold")
        elsewhere.connect()

    world.mischief = ask
    assert world.apply(value(thing_id, "1")) == {"retrying": 1}
    assert world.sold() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_under_a_handler_s_sql_is_an_outage(world, thing_id):
    def lose(command: Command, session: Session) -> None:
        sell(session, "never sold")
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    world.mischief = lose
    reader = Reader(world.component.codec, 10_000)
    with pytest.raises(StorageUnavailable):
        Processor(world.component).apply([reader.read(value(thing_id, "1"))])


# What a listener writes by SQL


@pytest.mark.parametrize("failing", ["bug", "not today"])
def test_a_projection_has_the_rows_of_what_was_applied(world, failing):
    order_id, other_id = world.place(), world.place()
    world.apply(
        add(order_id, failing),
        add(order_id, "tea"),
        add(other_id, failing),
        add(other_id, "salt"),
        add(order_id, failing),
    )
    assert world.sold() == ["salt", "tea"]


def test_what_is_written_beside_a_plain_aggregate_is_undone_with_it(world, thing_id):
    world.apply(
        value(thing_id, "sells, bug"),
        value(thing_id, "sells"),
        value(thing_id, "sells, bug"),
        value(thing_id, "last"),
    )
    (row,) = rows(world.database, things)
    assert (row["value"], row["version"], world.sold()) == ("last", 3, ["sold by hand"])


def test_what_was_undone_is_done_when_it_is_tried_again(world, thing_id):
    world.apply(value(thing_id, "sells, bug"))
    assert len(rows(world.database, retries)) == 1


def test_the_session_sees_what_earlier_commands_wrote_by_it(world, thing_id):
    seen: list[list[str]] = []

    def look(command: Command, session: Session) -> None:
        seen.append(list(session.scalars(sales.select().with_only_columns(sales.c.product))))
        sell(session, getattr(command, "value", ""))

    world.mischief = look
    world.apply(value(thing_id, "1"), value(thing_id, "2"))
    assert seen == [[], ["1"]]


class Sale:
    """A row of a handler's own, as an object."""

    product: str


def test_an_object_that_a_handler_keeps_is_undone_with_who_changed_it(world, thing_id):
    mappings = registry()
    mappings.map_imperatively(Sale, sales)
    kept: list[Sale] = []

    def change(command: Command, session: Session) -> None:
        match getattr(command, "value", None):
            case "1":
                kept[:] = [sale] = [Sale()]
                vars_of_sale = {"event_id": uuid4(), "order_id": uuid4(), "quantity": 1}
                for name, content in vars_of_sale.items():
                    setattr(sale, name, content)
                sale.product = "first"
                session.add(sale)
            case "2":
                kept[0].product = "never"
                raise Bug

    world.mischief = change
    world.apply(*(value(thing_id, str(n)) for n in range(1, 4)))
    mappings.dispose()
    assert world.sold() == ["first"]


def test_a_rehearsal_may_need_savepoints_too(world, thing_id):
    reader = Reader(world.component.codec, 10_000)
    Processor(world.component).rehearse([reader.read(value(thing_id, "sells, bug"))])
    assert (world.sold(), rows(world.database, retries)) == ([], [])


# What it costs


def test_a_batch_without_failure_has_no_savepoint(world, thing_id):
    order_id = world.place("tea")
    world.apply(add(order_id, "milk"), value(thing_id, "sells"), close(order_id))
    assert world.savepoints == 0


def test_what_memory_can_undo_has_no_savepoint(world, thing_id):
    world.apply(value(thing_id, "sells"), value(thing_id, "bug"))
    assert world.savepoints == 0


def test_an_order_that_rejects_before_it_changes_needs_no_savepoint(world):
    order_id = world.place("tea")
    endings = world.apply(drop(order_id, "milk"), add(order_id, "salt"))
    assert endings == {"rejected": 1, "applied": 1}
    assert world.savepoints == 0


def test_an_order_that_was_not_there_needs_no_savepoint(world):
    assert world.apply(close(uuid4()), place(uuid4())) == {"rejected": 1, "applied": 1}
    assert world.savepoints == 0


def test_a_new_order_that_fails_needs_no_savepoint(world):
    order_id = uuid4()

    def fail(command: Command, session: Session) -> None:
        raise Bug

    world.mischief = fail
    assert world.apply(place(order_id)) == {"retrying": 1}
    assert (world.order(order_id), world.savepoints) == (None, 0)


def test_a_plain_batch_executes_what_it_always_did(world, thing_id):
    """The list is what was executed before there was a session for others."""
    world.apply(value(thing_id, "1"), message(CREATE, create()), value(thing_id, "2"))
    expected = [
        "SELECT sample_things",
        "SELECT inbox",
        "INSERT INTO sample_things",
        "UPDATE sample_things",
    ]
    expected += ["INSERT INTO inbox", "INSERT INTO outbox"]
    if world.database.is_postgresql:
        expected += ["SELECT pg_notify"]
    else:
        expected = ["BEGIN IMMEDIATE", *expected]
    pairs = zip(world.statements, expected, strict=True)
    assert [(s, e) for s, e in pairs if not s.startswith(e)] == []

"""Commands that wait for a retry are listed, hurried and cancelled."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.inbox import inbox
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from persistence.waiting import BITE, Waiting
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from tests.support.waiting import wait_for
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.consumer.waiting import cancel, described
from worker.dead.replay import replay


class World:
    """A component whose handler has a bug until it is mended."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bug = True
        self.component = component(database, self._sabotage)
        self.processor = Processor(self.component)
        self.waiting = Waiting(database, "tests")

    def _sabotage(self, command: Command) -> None:
        if self.bug:
            raise RuntimeError("the handler has a bug")

    def failed(self, type: str = CREATE, body: Any = None, **properties: Any) -> Received:
        """Let the first attempt at a command fail."""
        received = read(type, body or create(), **properties)
        assert self.processor.apply([received]) == {"retrying": 1}
        return received

    def relay(self) -> list[Received]:
        """Do what the relay does now; return what the queue then holds."""
        with RelaySession(self.database, "tests") as session:
            due = session.due(100)
            session.sent_retries(row.id for row in due)
        return [read(body=row.command.body, **row.command.properties) for row in due]

    def cancel(self, received: Received) -> bool:
        assert received.command_id is not None
        return cancel(self.component, received.command_id)

    def listed(self, **filters: Any) -> list[UUID]:
        return [row.command_id for row in self.waiting.soonest(100, **filters)]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_waiting_command_is_described(world):
    before = world.database.now()
    content = create()
    received = world.failed(body=content)
    (row,) = world.waiting.soonest(10)
    seen = described(world.component, row)
    expected = (received.command_id, CREATE, UUID(content["thing_id"]), 2, 0)
    assert (seen.id, seen.type, seen.aggregate_id, seen.attempt, seen.sent) == expected
    assert seen.error == "RuntimeError: the handler has a bug"
    assert before <= seen.since <= world.database.now() < seen.due_at


def test_what_today_s_schemas_cannot_read_is_described_too(world):
    received = world.failed()
    with world.database.engine.begin() as connection:
        connection.execute(retries.update().values(body=b"{}"))
    (row,) = world.waiting.soonest(10)
    seen = described(world.component, row)
    assert (seen.id, seen.aggregate_id) == (received.command_id, None)


def test_the_first_due_comes_first(world):
    first, second = world.failed(), world.failed()
    with world.database.engine.begin() as connection:
        late = retries.update().where(retries.c.command_id == first.command_id)
        connection.execute(late.values(due_at=datetime(2100, 1, 1, tzinfo=UTC)))
    assert world.listed() == [second.command_id, first.command_id]
    assert [row.command_id for row in world.waiting.soonest(1)] == [second.command_id]


def test_commands_of_one_type_are_listed(world):
    world.bug = False
    thing_id = uuid4()
    world.processor.apply([read(CREATE, create(thing_id))])
    world.bug = True
    world.failed()
    updating = world.failed(UPDATE, update(thing_id))
    assert world.listed(type=UPDATE) == world.waiting.ids(type=UPDATE) == [updating.command_id]


def test_commands_that_failed_lately_are_listed(world):
    old, new = world.failed(), world.failed()
    with world.database.engine.begin() as connection:
        of_old = inbox.update().where(inbox.c.command_id == old.command_id)
        connection.execute(of_old.values(recorded_at=world.database.now() - timedelta(hours=2)))
    assert world.listed(within=timedelta(hours=1)) == [new.command_id]
    assert set(world.listed(within=timedelta(hours=3))) == {old.command_id, new.command_id}


def test_what_has_ended_waits_no_more_though_its_row_is_left(world):
    received = world.failed()
    with world.database.engine.begin() as connection:
        connection.execute(inbox.update().values(status="applied"))
    assert (world.listed(), world.waiting.ids()) == ([], [])
    assert world.waiting.hurry([received.command_id]) == set()


def test_the_commands_of_another_component_are_not_seen(world):
    received = world.failed()
    other = Waiting(world.database, "another")
    assert (other.soonest(10), other.ids()) == ([], [])
    assert other.hurry([received.command_id]) == set()


def test_a_hurried_command_is_due_at_once(world):
    received, patient = world.failed(), world.failed()
    assert world.relay() == []
    assert world.waiting.hurry([received.command_id, uuid4()]) == {received.command_id}
    assert [sent.command_id for sent in world.relay()] == [received.command_id]
    assert patient.command_id in world.listed()


def test_a_hurried_command_is_applied_as_its_next_attempt(world):
    received = world.failed()
    world.waiting.hurry([received.command_id])
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}


def test_more_than_a_bite_are_hurried(world):
    received = world.failed()
    ids = [uuid4() for _ in range(BITE)] + [received.command_id]
    assert world.waiting.hurry(ids) == {received.command_id}


def test_the_relay_hears_of_what_is_hurried(postgresql):
    world = World(postgresql)
    received = world.failed()
    with (
        Database(postgresql.url.render_as_string(hide_password=False)) as other,
        RelaySession(other, "tests") as session,
    ):
        assert session.acquire()
        world.waiting.hurry([received.command_id])
        wait_for(session.take_notifications, "news")


def test_what_somebody_settles_is_not_waited_for(postgresql):
    world = World(postgresql)
    received = world.failed()
    with (
        Database(postgresql.url.render_as_string(hide_password=False)) as other,
        other.engine.begin() as connection,
    ):
        connection.execute(text("SELECT 1 FROM retries FOR UPDATE"))
        assert world.waiting.hurry([received.command_id]) == set()


def test_a_cancelled_command_ends_as_failed(world):
    received = world.failed()
    assert world.cancel(received)
    (entry,) = rows(world.database, inbox)
    assert (entry["status"], entry["attempt"], entry["digest"]) == ("failed", 2, received.digest)
    assert (rows(world.database, retries), world.listed()) == ([], [])


def test_the_dead_letter_of_a_cancelled_command_has_its_last_error_and_its_attempts(world):
    received = world.failed()
    world.cancel(received)
    (letter,) = rows(world.database, dead_letters)
    assert (letter["kind"], letter["command_id"], letter["type"]) == (
        "cancelled",
        received.command_id,
        CREATE,
    )
    assert "attempt 2" in letter["reason"]
    assert "RuntimeError: the handler has a bug" in letter["reason"]
    assert (letter["body"], len(letter["attempts"])) == (received.message.body, 1)


def test_everybody_hears_of_it_and_who_asked_but_not_what_the_error_was(world):
    received = world.failed(reply_to="sender")
    world.cancel(received)
    announced, reply = rows(world.database, outbox)
    assert (announced["type"], announced["reply_to"]) == ("CommandFailed", None)
    assert (reply["type"], reply["reply_to"]) == ("CommandFailed", "sender")
    assert '"cancelled"' in announced["body"]
    assert "bug" not in announced["body"]


def test_a_sender_that_asks_again_gets_the_outcome(world):
    received = world.failed()
    world.cancel(received)
    again = received._replace(message=received.message._replace(reply_to="sender"))
    assert world.processor.apply([again]) == {"duplicate": 1}
    assert rows(world.database, outbox)[-1]["reply_to"] == "sender"


def test_a_copy_in_the_queue_of_a_cancelled_command_does_nothing(world):
    received = world.failed()
    world.waiting.hurry([received.command_id])
    (in_queue,) = world.relay()
    world.cancel(received)
    world.bug = False
    assert world.processor.apply([in_queue, received]) == {"duplicate": 2}
    assert world.processor.give_up([in_queue]) == {"duplicate": 1}


def test_a_cancelled_command_can_be_replayed(world):
    world.cancel(world.failed())
    (letter,) = rows(world.database, dead_letters)
    replay(world.component, letter["id"])
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}


def test_what_today_s_schemas_cannot_read_can_be_cancelled(world):
    received = world.failed()
    with world.database.engine.begin() as connection:
        connection.execute(retries.update().values(body=b"{}"))
    assert world.cancel(received)
    (entry,) = rows(world.database, inbox)
    assert (entry["status"], entry["digest"]) == ("failed", received.digest)
    (letter,), (told,) = rows(world.database, dead_letters), rows(world.database, outbox)
    assert letter["command_id"] == received.command_id
    assert told["headers"]["causation-id"] == str(received.command_id)


def test_what_does_not_wait_is_not_cancelled(world):
    world.bug = False
    received = read(CREATE, create())
    world.processor.apply([received])
    before = rows(world.database, inbox)
    assert not world.cancel(received)
    assert (rows(world.database, inbox), rows(world.database, dead_letters)) == (before, [])


def meanwhile(world: World, received: Received, do: Callable[[Processor], object]) -> bool:
    """Cancel; before anything of that is written, a consumer does this."""
    url = world.database.url.render_as_string(hide_password=False)
    write = UnitOfWork._write
    with Database(url) as other:
        elsewhere = Processor(component(other, world._sabotage))

        def after_the_other(unit: UnitOfWork) -> None:
            with patch.object(UnitOfWork, "_write", write):
                do(elsewhere)
            write(unit)

        with patch.object(UnitOfWork, "_write", after_the_other):
            return world.cancel(received)


def test_a_consumer_that_has_applied_it_first_wins(postgresql):
    world = World(postgresql)
    received = world.failed()
    world.waiting.hurry([received.command_id])
    (in_queue,) = world.relay()
    world.bug = False
    assert not meanwhile(world, received, lambda elsewhere: elsewhere.apply([in_queue]))
    assert rows(postgresql, inbox)[0]["status"] == "applied"
    assert rows(postgresql, dead_letters) == []


def test_a_command_that_fails_once_more_meanwhile_is_cancelled_all_the_same(postgresql):
    world = World(postgresql)
    received = world.failed()
    world.waiting.hurry([received.command_id])
    (in_queue,) = world.relay()
    attempts = iter([in_queue])
    assert meanwhile(world, received, lambda e: [e.apply([copy]) for copy in attempts])
    (entry,) = rows(postgresql, inbox)
    assert (entry["status"], entry["attempt"]) == ("failed", 3)
    assert len(rows(postgresql, dead_letters)) == 1

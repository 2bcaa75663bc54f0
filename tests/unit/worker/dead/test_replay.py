"""A dead letter gets another chance, or a sentence that says why it cannot have one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import MAX_BODY_BYTES, dead_letters
from persistence.inbox import inbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.dead.replay import replay
from worker.exceptions import NotReplayable


class World:
    """A component whose handler has a bug until it is mended."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bug = True
        self.component = component(database, self._sabotage, max_attempts=2)
        self.processor = Processor(self.component)

    def _sabotage(self, command: Command) -> None:
        if self.bug:
            raise RuntimeError("the handler has a bug")

    def failed(self) -> Received:
        """Let a command fail until it is given up."""
        received = read(CREATE, create())
        self.processor.apply([received])
        assert self.processor.apply(self.relay()) == {"failed": 1}
        return received

    def relay(self) -> list[Received]:
        """Do what the relay does once every retry is due; return what the queue then holds."""
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        with self.database.engine.begin() as connection:
            connection.execute(retries.update().values(due_at=long_ago))
        with RelaySession(self.database, "tests") as session:
            due = session.due(100)
            session.sent_retries(row.id for row in due)
        return [read(body=row.command.body, **row.command.properties) for row in due]

    def replay(self, index: int = 0) -> None:
        replay(self.component, rows(self.database, dead_letters)[index]["id"])

    def state(self) -> list[list[dict[str, Any]]]:
        return [rows(self.database, table) for table in (dead_letters, inbox, retries)]

    def status(self) -> tuple[str, int]:
        (entry,) = rows(self.database, inbox)
        return entry["status"], entry["attempt"]

    def set(self, table: Any, **values: object) -> None:
        with self.database.engine.begin() as connection:
            assert connection.execute(table.update().values(values)).rowcount == 1


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_replayed_command_waits_for_its_next_attempt(world):
    world.failed()
    world.replay()
    assert rows(world.database, dead_letters) == []
    assert world.status() == ("retrying", 3)
    (row,) = rows(world.database, retries)
    assert row["attempt"] == row["properties"]["headers"]["retry-attempt"] == 3


def test_a_replayed_command_is_applied_when_the_bug_is_mended(world):
    world.failed()
    world.replay()
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}
    assert (world.status(), rows(world.database, retries)) == (("applied", 3), [])


def test_a_replayed_command_may_fail_as_often_as_any(world):
    world.failed()
    world.replay()
    assert world.processor.apply(world.relay()) == {"retrying": 1}
    assert world.processor.apply(world.relay()) == {"failed": 1}
    (letter,) = rows(world.database, dead_letters)
    assert (world.status(), len(letter["attempts"])) == (("failed", 4), 2)


@pytest.mark.parametrize("settle", [Processor.apply, Processor.give_up])
def test_no_copy_of_before_passes_for_the_new_attempt(world, settle):
    received = read(CREATE, create())
    world.processor.apply([received])
    (second,) = world.relay()
    assert world.processor.apply([second]) == {"failed": 1}
    world.replay()
    assert settle(world.processor, [second, received]) == {"duplicate": 2}
    assert world.processor.apply(world.relay()) == {"retrying": 1}
    assert settle(world.processor, [second, received]) == {"duplicate": 2}
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}


def test_a_replay_that_the_queue_has_lost_is_sent_again(world):
    world.failed()
    world.replay()
    world.relay()
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}


def test_a_command_that_crashed_is_replayed(world):
    received = read(CREATE, create())
    assert world.processor.give_up([received]) == {"failed": 1}
    world.replay()
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}


def test_a_command_that_the_inbox_has_forgotten_is_replayed(world):
    world.failed()
    with world.database.engine.begin() as connection:
        connection.execute(inbox.delete())
    world.replay()
    world.bug = False
    assert world.status() == ("retrying", 1)
    assert world.processor.apply(world.relay()) == {"applied": 1}


def refused(world: World, words: str, index: int = 0) -> None:
    """Let a replay be refused in these words, and see that it changes nothing."""
    before = world.state()
    with pytest.raises(NotReplayable, match=words):
        world.replay(index)
    assert world.state() == before


@pytest.mark.parametrize("status", ["applied", "rejected", "retrying"])
def test_a_command_that_has_not_failed_is_left_alone(world, status):
    world.failed()
    world.set(inbox, status=status)
    refused(world, f"is {status}; that stands")


def test_content_that_came_second_is_not_replayed(world):
    content = update(uuid4(), 7)
    world.processor.apply([read(UPDATE, content)])
    assert world.processor.apply([read(UPDATE, {**content, "value": "7"})]) == {"dead": 1}
    refused(world, "Another content came first", index=1)


@pytest.mark.parametrize("type", [UPDATE, "thing.Explode"])
def test_content_of_another_type_that_came_second_is_not_replayed(world, type):
    failed = world.failed()
    other = read(type, failed.message.body)
    assert world.processor.apply([other]) == {"dead": 1}
    with pytest.raises(NotReplayable):
        world.replay(1)
    assert world.status() == ("failed", 2)


@pytest.mark.parametrize(
    ("type", "body", "kind"),
    [
        (CREATE, b"{", "malformed"),
        (CREATE, {}, "invalid"),
        (UPDATE, update(uuid4(), 7), "invalid"),
        ("thing.Explode", create(), "unknown-type"),
    ],
)
def test_what_still_cannot_be_read_is_not_replayed(world, type, body, kind):
    world.processor.apply([read(type, body)])
    refused(world, f"still cannot be read \\({kind}\\)")


def test_an_event_that_a_release_before_took_for_a_command_is_not_replayed(world):
    event_id, command_id = str(uuid4()), str(uuid4())
    body = {"event_id": event_id, "command_id": command_id}
    world.processor.apply([read("thing.Created", body, message_id=event_id, app_id="other")])
    (letter,) = rows(world.database, dead_letters)
    headers = {"causation-id": command_id}
    world.set(dead_letters, properties={**letter["properties"], "headers": headers})
    refused(world, "It is an event")


def test_what_can_be_read_by_now_is_replayed(world):
    world.processor.apply([read("thing.Explode", create())])
    (letter,) = rows(world.database, dead_letters)
    world.set(dead_letters, properties={**letter["properties"], "type": CREATE})
    world.set(inbox, digest=read(CREATE, letter["body"]).digest)
    world.replay()
    world.bug = False
    assert world.processor.apply(world.relay()) == {"applied": 1}


def test_a_letter_whose_body_was_cut_is_not_replayed(world):
    world.processor.apply([read(CREATE, create(x="x" * MAX_BODY_BYTES))])
    refused(world, "Only the beginning of its body was kept")


def test_a_letter_that_is_not_there_is_not_replayed(world):
    with pytest.raises(NotReplayable, match="There is no dead letter 7"):
        replay(world.component, 7)


def test_a_letter_is_replayed_once(world):
    world.failed()
    (letter,) = rows(world.database, dead_letters)
    world.replay()
    with pytest.raises(NotReplayable, match="There is no dead letter"):
        replay(world.component, letter["id"])
    assert len(rows(world.database, retries)) == 1


def meanwhile(world: World, do: Callable[[Processor], object]) -> None:
    """Replay the letter; before anything of that is written, somebody else does this."""
    url = world.database.url.render_as_string(hide_password=False)
    write = UnitOfWork._write
    with Database(url) as other:
        elsewhere = Processor(component(other))

        def after_the_other(unit: UnitOfWork) -> None:
            with patch.object(UnitOfWork, "_write", write):
                do(elsewhere)
            write(unit)

        with patch.object(UnitOfWork, "_write", after_the_other):
            world.replay()


def test_who_settles_a_command_during_its_replay_wins(postgresql):
    # Two letters of one command: the second is replayed, and applied, while the first is.
    world = World(postgresql)
    world.failed()
    (letter,) = rows(postgresql, dead_letters)
    with postgresql.engine.begin() as connection:
        connection.execute(dead_letters.insert(), {**letter, "id": letter["id"] + 1})

    def other(elsewhere: Processor) -> None:
        replay(elsewhere._component, letter["id"] + 1)
        elsewhere.apply(world.relay())

    with pytest.raises(NotReplayable, match="is applied; that stands"):
        meanwhile(world, other)
    assert world.status() == ("applied", 3)
    assert rows(postgresql, retries) == []
    assert [row["id"] for row in rows(postgresql, dead_letters)] == [letter["id"]]

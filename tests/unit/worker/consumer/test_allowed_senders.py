"""A command of somebody who may not send it is refused, however it comes; all others are not."""

from typing import Any
from uuid import uuid4

import pytest

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.exceptions import Refused
from persistence.inbox import inbox
from persistence.outbox import outbox
from persistence.retries import retries
from tests.sample.thing_table import things
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.dead.replay import replay
from worker.exceptions import NotReplayable
from worker.senders import allowed_senders

RULES = allowed_senders("thing.Create=shop; *=admin")


class World:
    """A component that only some may send to, and whose handler may have a bug."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bug = False
        self.component = component(database, self._sabotage, allowed_senders=RULES)
        self.processor = Processor(self.component)

    def _sabotage(self, command: Command) -> None:
        if self.bug:
            raise RuntimeError("a bug")

    def retry(self) -> Received:
        """Return the waiting retry as it comes from the queue: the relay is who published it."""
        (row,) = rows(self.database, retries)
        properties = {n: v for n, v in row["properties"].items() if n != "user_id"}
        return read(properties.pop("type"), row["body"], **properties)

    def letters(self) -> list[dict[str, Any]]:
        return rows(self.database, dead_letters)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_command_of_who_may_send_it_is_applied(world):
    assert world.processor.apply([read(CREATE, create(), user_id="shop")]) == {"applied": 1}


@pytest.mark.parametrize("user", ["stranger", None])
def test_a_command_of_anybody_else_fails_and_is_kept_with_the_reason(world, user):
    command = read(CREATE, create(), user_id=user, reply_to="r")
    assert world.processor.apply([command]) == {"failed": 1}
    (letter,) = world.letters()
    assert (letter["kind"], letter["command_id"]) == ("not-allowed", command.command_id)
    assert letter["properties"].get("user_id") == user
    assert rows(world.database, things) == []


def test_everybody_and_its_sender_hear_of_the_failure(world):
    world.processor.apply([read(CREATE, create(), user_id="stranger", reply_to="r")])
    told = rows(world.database, outbox)
    assert [(row["reply_to"], row["type"]) for row in told] == [
        (None, "CommandFailed"),
        ("r", "CommandFailed"),
    ]
    assert '"code":"not-allowed"' in told[0]["body"].replace(" ", "")


def test_its_neighbours_are_applied(world):
    good, bad = read(CREATE, create(), user_id="shop"), read(CREATE, create(), user_id="stranger")
    assert world.processor.apply([bad, good, bad]) == {"applied": 1, "failed": 1, "duplicate": 1}


def test_what_cannot_even_be_read_is_first_of_all_not_allowed(world):
    world.processor.apply([read(CREATE, b"{", user_id="stranger")])
    assert [letter["kind"] for letter in world.letters()] == ["not-allowed"]


def test_a_header_does_not_say_who_sent_it(world):
    command = read(CREATE, create(), headers={"user_id": "shop", "user-id": "shop"})
    assert world.processor.apply([command]) == {"failed": 1}


def test_a_retry_is_allowed_as_its_command_was(world):
    world.bug = True
    world.processor.apply([read(CREATE, create(), user_id="shop")])
    retry = world.retry()
    world.bug = False
    assert world.processor.apply([retry]) == {"applied": 1}


def test_to_look_like_a_retry_does_not_help(world):
    command = read(CREATE, create(), headers={"retry-attempt": 1, "retry-first": 1})
    assert world.processor.apply([command]) == {"failed": 1}


@pytest.mark.parametrize("way", ["count_failure", "postpone", "give_up"])
def test_it_is_refused_also_where_it_could_not_be_tried(world, way):
    command = read(CREATE, create(), user_id="stranger")
    if way == "count_failure":
        assert world.processor.count_failure(command, Refused("no")) == {"failed": 1}
    else:
        assert getattr(world.processor, way)([command]) == {"failed": 1}
    assert [letter["kind"] for letter in world.letters()] == ["not-allowed"]
    assert rows(world.database, retries) == []


def test_a_type_without_a_rule_is_everybody_s(database):
    some = component(database, allowed_senders=allowed_senders("thing.Create=shop"))
    assert Processor(some).apply([read(UPDATE, update(uuid4()))]) == {"rejected": 1}


def test_a_replay_does_not_make_it_allowed(world):
    world.processor.apply([read(CREATE, create(), user_id="stranger")])
    with pytest.raises(NotReplayable, match="The user 'stranger' may not send"):
        replay(world.component, world.letters()[0]["id"])
    assert [row["status"] for row in rows(world.database, inbox)] == ["failed"]


def test_it_can_be_replayed_once_its_sender_may_send_it(world):
    world.processor.apply([read(CREATE, create(), user_id="new")])
    changed = component(world.database, allowed_senders=allowed_senders("thing.Create=new"))
    replay(changed, world.letters()[0]["id"])
    assert Processor(changed).apply([world.retry()]) == {"applied": 1}


def test_what_was_allowed_and_failed_can_be_replayed_although_a_retry_names_no_user(world):
    world.bug = True
    world.processor.apply([read(CREATE, create(), user_id="shop")])
    for _ in range(2):
        retry = world.retry()
        with world.database.engine.begin() as connection:
            connection.execute(retries.delete())
        world.processor.apply([retry])
    replay(world.component, world.letters()[0]["id"])
    world.bug = False
    assert world.processor.apply([world.retry()]) == {"applied": 1}

"""Two consumers with the same delivery: the second to commit finds that it has been done."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.endings import RETRYING
from persistence.exceptions import Collision
from persistence.inbox import InboxEntry
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing_table import things
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.consumer.processor import Processor
from worker.consumer.reading import Received


class Bug(Exception):
    pass


class World:
    """Two consumers on one database; the handler fails as often as told."""

    def __init__(self, database: Database, other: Database) -> None:
        self.database = database
        self.failures = 0
        self.one = Processor(component(database, self._sabotage))
        self.two = Processor(component(other, self._sabotage))

    def _sabotage(self, command: Command) -> None:
        if self.failures:
            self.failures -= 1
            raise Bug

    def both_apply(self, type: str, content: dict[str, Any], **properties: Any) -> None:
        """Let a command wait for its second attempt, and both consumers have that.

        The second takes it while the first is about to write what it has done.
        """

        def second() -> Received:
            return read(type, content, headers={"retry-attempt": 2}, **properties)

        with UnitOfWork(self.database, "tests") as unit:
            received = second()
            unit.inbox.record(
                InboxEntry(UUID(content["command_id"]), received.digest, RETRYING, 2, None)
            )
            unit.commit()
        write = UnitOfWork._write

        def after_the_other(unit: UnitOfWork) -> None:
            with patch.object(UnitOfWork, "_write", write):
                self.endings = [self.two.apply([second()])]
            write(unit)

        with patch.object(UnitOfWork, "_write", after_the_other), pytest.raises(Collision):
            self.one.apply([received])
        self.endings.append(self.one.apply([received]))  # as the consumer does then


@pytest.fixture
def world(postgresql: Database) -> Iterator[World]:
    with Database(postgresql.url.render_as_string(hide_password=False)) as other:
        yield World(postgresql, other)


def test_a_creation_that_leaves_the_id_to_us_makes_one_thing(world):
    content = create()
    del content["thing_id"]
    world.both_apply(CREATE, content)
    assert world.endings == [{"applied": 1}, {"duplicate": 1}]
    assert len(rows(world.database, things)) == len(rows(world.database, outbox)) == 1


def test_a_rejection_is_announced_once(world):
    world.both_apply(UPDATE, update(uuid4()), reply_to="sender")
    assert world.endings == [{"rejected": 1}, {"duplicate": 1}]
    assert len(rows(world.database, outbox)) == 2  # announced, and sent: the copy is ours


def test_a_failed_attempt_is_counted_once(world):
    world.failures = 2
    world.both_apply(CREATE, create())
    assert world.endings == [{"retrying": 1}, {"duplicate": 1}]
    assert [row["attempt"] for row in rows(world.database, retries)] == [3]


def test_a_command_is_given_up_once(world):
    world.one = Processor(component(world.database, world._sabotage, max_attempts=2))
    world.two._component.settings = world.one._component.settings
    world.failures = 2
    world.both_apply(CREATE, create())
    assert world.endings == [{"failed": 1}, {"duplicate": 1}]
    assert len(rows(world.database, dead_letters)) == len(rows(world.database, outbox)) == 1


def test_the_relay_can_send_an_attempt_again_while_it_is_under_way(world):
    received = read(CREATE, create())
    world.failures = 1
    assert world.one.apply([received]) == {"retrying": 1}
    with world.database.engine.begin() as connection:
        connection.execute(retries.update().values(due_at=datetime.now(UTC)))
    write = UnitOfWork._write
    sent = []

    def after_the_relay(unit: UnitOfWork) -> None:
        with RelaySession(world.two._component.database, "tests") as session:
            due = session.due(10)
            sent.extend(due)
            session.sent_retries(row.id for row in due)
        write(unit)

    second = received._replace(message=received.message._replace(headers={"retry-attempt": 2}))
    with patch.object(UnitOfWork, "_write", after_the_relay):
        assert world.one.apply([second]) == {"applied": 1}
    assert (len(sent), rows(world.database, retries)) == (1, [])

"""After a deploy: what was sent to the release before, and waits somewhere, is applied."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.messages import Command
from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from tests.sample.thing_table import things
from tests.sample.versions import LATER, UpdateValue1
from tests.support.component import component, rows, settings
from tests.support.messages import CREATE, UPDATE, create, message, read, update
from worker.composition import compose
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader, Received
from worker.dead.replay import replay

THING_ID = uuid4()


def broken(command: Command) -> None:
    raise RuntimeError("the handler has a bug")


class Deploy:
    """The release before, whose handler of updates has a bug, and today's on the same database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        Processor(component(database)).apply([read(CREATE, create(THING_ID))])
        self.before = Processor(component(database, broken, max_attempts=2))
        url = database.url.render_as_string(hide_password=False)
        self.today = compose(settings(url), [LATER])
        self.today.database.dispose()
        self.today.database = database

    def read(self, type: str | None, body: Any, **properties: Any) -> Received:
        return Reader(self.today.codec, 10_000).read(message(type, body, **properties))

    def apply(self, *received: Received) -> dict[str, int]:
        return dict(Processor(self.today).apply(received))

    def sent_again(self) -> list[Any]:
        """Return what the relay has sent again, once every retry is due."""
        with self.database.engine.begin() as connection:
            connection.execute(retries.update().values(due_at=datetime(2000, 1, 1, tzinfo=UTC)))
        with RelaySession(self.database, "tests") as session:
            due = session.due(100)
            session.sent_retries(row.id for row in due)
        return [(row.command.body, row.command.properties) for row in due]

    def value(self) -> str:
        (row,) = rows(self.database, things)
        return row["value"]


@pytest.fixture
def deploy(database: Database) -> Deploy:
    return Deploy(database)


def test_a_command_of_version_1_in_the_queue_is_applied(deploy):
    assert deploy.apply(deploy.read(UPDATE, update(THING_ID, "queue"))) == {"applied": 1}
    assert deploy.value() == "queue"


def test_a_command_of_version_1_among_the_retries_is_applied(deploy):
    assert deploy.before.apply([read(UPDATE, update(THING_ID, "retry"))]) == {"retrying": 1}
    ((body, properties),) = deploy.sent_again()
    assert deploy.apply(deploy.read(body=body, **properties)) == {"applied": 1}
    assert deploy.value() == "retry"
    assert rows(deploy.database, retries) == []


def test_a_command_of_version_1_among_the_dead_letters_is_applied(deploy):
    deploy.before.apply([read(UPDATE, update(THING_ID, "dead"))])
    ((body, properties),) = deploy.sent_again()
    assert deploy.before.apply([read(body=body, **properties)]) == {"failed": 1}
    (letter,) = rows(deploy.database, dead_letters)
    replay(deploy.today, letter["id"])
    ((body, properties),) = deploy.sent_again()
    assert deploy.apply(deploy.read(body=body, **properties)) == {"applied": 1}
    assert deploy.value() == "dead"


def test_a_repeat_of_what_the_release_before_has_applied_is_a_duplicate(deploy):
    body = update(THING_ID, "once")
    Processor(component(deploy.database)).apply([read(UPDATE, body)])
    assert deploy.apply(deploy.read(UPDATE, body)) == {"duplicate": 1}


def test_an_event_goes_out_in_both_versions_as_one_event(deploy):
    body = {"command_id": str(uuid4()), "thing_id": str(THING_ID), "content": "both"}
    received = deploy.read(UPDATE, body, headers={"schema-version": 3}, reply_to="me")
    before = len(rows(deploy.database, outbox))
    assert deploy.apply(received) == {"applied": 1}
    first, second, reply = rows(deploy.database, outbox)[before:]
    assert [row["headers"]["schema-version"] for row in (first, second)] == [1, 2]
    assert first["message_id"] == second["message_id"] == reply["message_id"]
    assert first["headers"]["aggregate-version"] == second["headers"]["aggregate-version"] == 2
    assert reply["reply_to"] == "me"
    assert reply["headers"]["schema-version"] == 1  # which the sender could read so far


def test_what_an_upcaster_cannot_do_is_tried_again_as_any_bug(deploy, monkeypatch):
    def raises(content: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("text")

    monkeypatch.setattr(UpdateValue1, "upcast", staticmethod(raises))
    url = deploy.database.url.render_as_string(hide_password=False)
    codec = compose(settings(url), [LATER]).codec
    received = Reader(codec, 10_000).read(message(UPDATE, update(THING_ID)))
    assert deploy.apply(received) == {"retrying": 1}

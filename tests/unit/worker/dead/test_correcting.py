"""A corrected body is a command of its own, in the place of the letter."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.inbox import inbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from tests.sample.thing_table import things
from tests.support.component import component, rows
from tests.support.messages import CREATE, UPDATE, create, read, update
from worker.component import Component
from worker.consumer.processor import Processor
from worker.dead.operation import replay_one
from worker.exceptions import NotReplayable


@pytest.fixture
def wrong(database: Database) -> tuple[Component, dict[str, Any]]:
    """A component with a letter whose value is a number; and the body of the letter."""
    made, thing_id = component(database), uuid4()
    body = update(thing_id, 7)
    processor = Processor(made)
    processor.apply([read(CREATE, create(thing_id))])
    processor.apply([read(UPDATE, body, reply_to="shop", headers={"user-id": "ann"})])
    return made, body


def correct(made: Component, body: object) -> UUID | None:
    (letter,) = rows(made.database, dead_letters)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return replay_one(made, letter["id"], "ann", data)


def test_it_is_applied_under_a_new_command_id_and_the_letter_goes(wrong):
    made, body = wrong
    command_id = correct(made, {**body, "value": "seven"})
    assert rows(made.database, dead_letters) == []
    with RelaySession(made.database, "tests") as session:
        (due,) = session.due(10)
    assert Processor(made).apply([read(body=due.command.body, **due.command.properties)]) == {
        "applied": 1
    }
    assert [row["value"] for row in rows(made.database, things)] == ["seven"]
    statuses = {row["command_id"]: row["status"] for row in rows(made.database, inbox)}
    assert statuses[UUID(body["command_id"])] == "failed"
    assert command_id
    assert statuses[command_id] == "applied"


def test_it_goes_on_with_what_its_sender_said_beside_the_body(wrong):
    made, body = wrong
    command_id = correct(made, {**body, "value": "seven"})
    (row,) = rows(made.database, retries)
    properties = row["properties"]
    assert (properties["type"], properties["reply_to"]) == (UPDATE, "shop")
    assert properties["headers"]["user-id"] == "ann"
    assert properties["correlation_id"] == body["command_id"]
    assert properties["message_id"] == str(command_id)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": 8}, "value: Not a valid string"),
        ({"valeu": "seven"}, "valeu: Unknown field"),
        (b"{", "is not JSON"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_and_changes_nothing(wrong, change, words):
    made, body = wrong
    before = [rows(made.database, table) for table in (dead_letters, inbox, retries)]
    with pytest.raises(NotReplayable, match=words):
        correct(made, change if isinstance(change, bytes) else {**body, **change})
    assert [rows(made.database, table) for table in (dead_letters, inbox, retries)] == before


def test_what_was_an_event_is_not_corrected(wrong):
    made, body = wrong
    with made.database.engine.begin() as connection:
        connection.execute(dead_letters.update().values(properties={"sent-as": "event"}))
    with pytest.raises(NotReplayable, match="only a command can be corrected"):
        correct(made, body)

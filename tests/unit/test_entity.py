"""The sample on the wire and in its table, to the letter: other people's programs rely on it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import inspect

from domain.entity.commands import Create, UpdateValue
from domain.entity.events import Created, Updated
from domain.entity.identity import EntityID
from domain.messages import CommandID, EventID
from schemas.codec import Codec
from schemas.exceptions import Undecodable
from tests.support.backends import aggregate_named
from worker.composition import catalogue

COMMAND, ENTITY, EVENT = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))
OF_COMMAND = {
    "command_id": CommandID(UUID(COMMAND)),
    "timestamp": datetime(2026, 11, 25, 21, 0, 0, 5, tzinfo=UTC),
}
ON_THE_WIRE = {"command_id": COMMAND, "timestamp": "2026-11-25T21:00:00.000005+00:00"}
ENTITY_ID = EntityID(UUID(ENTITY))


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(catalogue([aggregate_named("entity")]))


COMMANDS = [
    (
        "entity.Create",
        {**ON_THE_WIRE, "entity_id": ENTITY},
        Create(**OF_COMMAND, entity_id=ENTITY_ID),
    ),
    (
        "entity.UpdateValue",
        {**ON_THE_WIRE, "entity_id": ENTITY, "value": "grün"},
        UpdateValue(**OF_COMMAND, entity_id=ENTITY_ID, value="grün"),
    ),
]


@pytest.mark.parametrize(("type", "body", "command"), COMMANDS)
def test_a_command_of_entities_is_read_from_its_fixed_form(codec, type, body, command):
    assert codec.decode(type, body) == command


@pytest.mark.parametrize(("type", "body", "command"), COMMANDS)
def test_a_field_that_is_not_in_the_fixed_form_is_refused(codec, type, body, command):
    with pytest.raises(Undecodable, match="extra"):
        codec.decode(type, {**body, "extra": 1})


def test_only_a_creation_may_leave_the_id_to_the_component(codec):
    assert codec.decode("entity.Create", {"command_id": COMMAND}).entity_id
    for missing in ("entity_id", "value"):
        body = {"command_id": COMMAND, "entity_id": ENTITY, "value": "blue"}
        del body[missing]
        with pytest.raises(Undecodable, match=missing):
            codec.decode("entity.UpdateValue", body)


@pytest.mark.parametrize(
    ("event", "type", "more"),
    [(Created, "entity.Created", {}), (Updated, "entity.Updated", {"value": "grün"})],
)
def test_an_event_of_entities_is_published_in_its_fixed_form(codec, event, type, more):
    event_id = EventID(UUID(EVENT))
    published = codec.encode(event(**OF_COMMAND, event_id=event_id, entity_id=ENTITY_ID, **more))
    body = {**ON_THE_WIRE, "event_id": EVENT, "entity_id": ENTITY, **more}
    assert (*published[:2], json.loads(published[2])) == (type, 1, body)


def test_the_table_of_entities_has_its_columns_and_its_rule(database):
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        columns = [column["name"] for column in inspector.get_columns("entities")]
        (check,) = inspector.get_check_constraints("entities")
    assert columns == ["id", "value", "version"]
    assert check["name"] == "ck_entities_version_is_positive"

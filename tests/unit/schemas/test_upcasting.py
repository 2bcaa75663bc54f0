"""Earlier versions of a message: read by upcasters, published beside the new one."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.messages import CommandID
from schemas.catalogue import Catalogue
from schemas.codec import Codec, digest
from schemas.exceptions import CatalogueError, NotUpcast, Undecodable
from tests.sample import thing
from tests.sample.versions import LATER, SCHEMAS, UpdateValue1, UpdateValue3
from tests.support.messages import UPDATE, read, update
from worker.composition import catalogue

CODEC = Codec(catalogue([LATER]))
THING_ID = UUID(int=1)
NAMES = {1: "value", 2: "text", 3: "content"}


def decoded(content: dict[str, Any], version: int, codec: Codec = CODEC) -> Any:
    return codec.decode(UPDATE, codec.normal(UPDATE, content, version), version)


def body(version: int, value: str = "new") -> dict[str, Any]:
    content = update(THING_ID, value)
    content[NAMES[version]] = content.pop("value")
    return content


def with_first(upcast: Any) -> Codec:
    """Return a codec whose first version has another upcaster."""
    first = type("First", (UpdateValue1,), {"upcast": staticmethod(upcast)})
    return Codec(Catalogue([first, *SCHEMAS[2:]]))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_a_command_becomes_the_command_of_today(version):
    content = body(version)
    command = decoded(content, version)
    assert isinstance(command, thing.UpdateValue)
    assert (command.value, command.thing_id) == ("new", THING_ID)
    assert str(command.command_id) == content["command_id"]


def test_a_fault_is_told_in_the_words_of_the_version_that_was_sent():
    with pytest.raises(Undecodable) as refused:
        decoded({**body(1), "value": 7}, 1)
    assert refused.value.kind == "invalid"
    assert refused.value.errors.keys() == {"value"}


def test_a_field_of_a_later_version_is_unknown_in_an_earlier_one():
    with pytest.raises(Undecodable, match=r"content: Unknown field"):
        decoded({**body(1), "content": "x"}, 1)


def test_an_upcaster_cannot_make_another_command_of_a_command():
    codec = with_first(
        lambda content: {
            "command_id": str(uuid4()),
            "thing_id": content["thing_id"],
            "text": "other",
        }
    )
    content = {**body(1), "timestamp": "2026-01-02T03:04:05Z"}
    command = decoded(content, 1, codec)
    assert str(command.command_id) == content["command_id"]
    assert command.timestamp.year == 2026


def test_an_upcaster_that_changes_what_it_is_given_changes_nothing_else():
    def upcast(content: dict[str, Any]) -> dict[str, Any]:
        content["text"] = content.pop("value")
        return content

    content = body(1)
    before = dict(content)
    with_first(upcast).decode(UPDATE, content, 1)
    assert content == before


def test_what_an_upcaster_makes_wrong_is_no_fault_of_the_sender():
    with pytest.raises(NotUpcast, match="make does not fit version 3"):
        decoded(body(1), 1, with_first(lambda content: {"thing_id": content["thing_id"]}))


def test_the_digest_is_of_the_content_as_it_was_sent():
    content = body(1)
    received = read(UPDATE, content)
    assert received.digest == digest(UPDATE, content)


def test_a_way_that_leads_nowhere_is_told_at_the_start():
    with pytest.raises(
        CatalogueError,
        match=r"^thing\.UpdateValue version 1 has an upcaster to version 2, of which there is no",
    ):
        Catalogue([UpdateValue1, UpdateValue3])


def test_an_event_is_written_in_every_version_the_oldest_first():
    event = thing.Updated(
        command_id=CommandID(uuid4()), thing_id=thing.ThingID(THING_ID), value="blue"
    )
    shapes = [
        (type, version, json.loads(text)) for type, version, text in CODEC.encode_shapes(event)
    ]
    assert [shape[:2] for shape in shapes] == [("thing.Updated", 1), ("thing.Updated", 2)]
    assert [shape[2].get("value") for shape in shapes] == ["blue", None]
    assert [shape[2].get("content") for shape in shapes] == [None, "blue"]


def test_the_order_in_which_schemas_are_listed_does_not_matter():
    event = thing.Updated(
        command_id=CommandID(uuid4()), thing_id=thing.ThingID(THING_ID), value="blue"
    )
    versions = [shape[1] for shape in Codec(Catalogue(SCHEMAS[::-1])).encode_shapes(event)]
    assert versions == [1, 2]

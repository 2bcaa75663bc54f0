"""Commands that are to be sent: checked before, known by their ids."""

from uuid import UUID, uuid4

import pytest

from schemas.codec import Codec
from schemas.exceptions import Undecodable
from tests.support.messages import CREATE, UPDATE, codec, message
from worker.sender import draft, is_refusal


def test_a_command_without_an_id_gets_one():
    first, second = (draft(codec(), CREATE, {}) for _ in range(2))
    assert UUID(first.command_id) != UUID(second.command_id)
    assert first.content == {"command_id": first.command_id}


def test_a_command_with_an_id_keeps_it():
    command_id = str(uuid4())
    command = draft(codec(), CREATE, {"command_id": command_id})
    assert (command.command_id, command.content["command_id"]) == (command_id, command_id)


@pytest.mark.parametrize(
    ("type", "content", "version", "words"),
    [
        (UPDATE, {"thing_id": str(uuid4())}, 1, "value: Missing"),
        ("thing.Explode", {}, 1, "There is no command 'thing.Explode'"),
        (CREATE, {}, 2, "in version 2"),
        (CREATE, {"command_id": None}, 1, "command_id"),
    ],
)
def test_what_is_no_command_is_refused(type, content, version, words):
    with pytest.raises(Undecodable, match=words):
        draft(codec(), type, content, version)


def test_what_the_class_of_a_command_refuses_is_no_command(monkeypatch):
    def refuse(*arguments: object) -> None:
        raise ValueError("the moon is full")

    monkeypatch.setattr(Codec, "decode", refuse)
    with pytest.raises(Undecodable, match="can make no command of it: the moon is full"):
        draft(codec(), CREATE, {})


@pytest.mark.parametrize(
    ("type", "refuses"),
    [("thing.Created", False), ("CommandRejected", True), ("CommandFailed", True), (None, False)],
)
def test_rejections_and_failures_are_refusals(type, refuses):
    assert is_refusal(message(type, {})) == refuses

"""What the scenarios cannot see of the facade: what happens when saving goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import pytest

from domain.entity.commands import Create, EntityID, UpdateValue
from domain.entity.entity import Entity
from domain.entity.service import CommandHandler
from domain.messages import Command, Event
from tests.support.memory import MemoryRepository


class FullDisk(Exception):
    pass


class BrokenRepository(MemoryRepository):
    def save(self, entity: Entity, events: Sequence[Event]) -> None:
        raise FullDisk


@dataclass(frozen=True, kw_only=True)
class CreateLoudly(Create):
    """A subclass of a command that the handler knows."""


def test_listeners_do_not_hear_of_an_event_that_could_not_be_saved():
    handler, heard = CommandHandler(BrokenRepository()), []
    handler.register(heard.append)
    with pytest.raises(FullDisk):
        handler.handle(Create())
    assert heard == []


def test_what_a_listener_raises_reaches_the_caller_whose_transaction_it_is():
    def object_to(event: Event) -> None:
        raise FullDisk

    handler = CommandHandler(MemoryRepository())
    handler.register(object_to)
    with pytest.raises(FullDisk):
        handler.handle(Create())


def test_the_handler_names_the_command_classes_it_knows():
    assert CommandHandler.commands() == {Create, UpdateValue}


def test_a_handler_that_extends_another_knows_its_commands_too():
    class Extended(CommandHandler):
        pass

    assert Extended.commands() == {Create, UpdateValue}


def test_a_subclass_of_a_command_goes_the_way_of_its_base():
    handler = CommandHandler(MemoryRepository())
    command = CreateLoudly()
    assert handler.handle(command)[0].entity_id == command.entity_id


def test_two_handlers_share_no_listeners():
    first, second, heard = (
        CommandHandler(MemoryRepository()),
        CommandHandler(MemoryRepository()),
        [],
    )
    first.register(heard.append)
    second.handle(Create())
    assert heard == []


def test_an_update_leaves_the_version_to_the_repository():
    entity, _ = Entity.create(Create())
    entity.update(UpdateValue(entity_id=entity.id, value="blue"))
    assert entity.dto.version == 0


def test_commands_cannot_be_changed():
    command: Command = UpdateValue(entity_id=EntityID(uuid4()), value="blue")
    with pytest.raises(AttributeError):
        command.value = "red"

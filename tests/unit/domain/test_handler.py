"""What the scenarios cannot see of the facade: what happens when saving goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import pytest

from domain.handling import Change, handles
from domain.messages import Command, Event
from tests.sample.thing import (
    CommandHandler,
    Create,
    Created,
    Thing,
    ThingID,
    UpdateValue,
    new_thing_id,
)
from tests.support.memory import MemoryRepository


class FullDisk(Exception):
    pass


def memory() -> MemoryRepository:
    return MemoryRepository(Thing, "thing")


class BrokenRepository(MemoryRepository):
    def save(self, thing: Thing, events: Sequence[Event]) -> None:
        raise FullDisk


@dataclass(frozen=True, kw_only=True)
class CreateLoudly(Create):
    """A subclass of a command that the handler knows."""


def test_listeners_do_not_hear_of_an_event_that_could_not_be_saved():
    handler, heard = CommandHandler(BrokenRepository(Thing, "thing")), []
    handler.register(heard.append)
    with pytest.raises(FullDisk):
        handler.handle(Create())
    assert heard == []


def test_what_a_listener_raises_reaches_the_caller_whose_transaction_it_is():
    def object_to(event: Event) -> None:
        raise FullDisk

    handler = CommandHandler(memory())
    handler.register(object_to)
    with pytest.raises(FullDisk):
        handler.handle(Create())


def test_the_handler_names_the_command_classes_it_knows():
    assert CommandHandler.commands() == {Create, UpdateValue}


def test_a_handler_that_extends_another_knows_its_commands_too():
    class Extended(CommandHandler):
        pass

    assert Extended.commands() == {Create, UpdateValue}


def test_a_subclass_of_a_command_is_another_command():
    with pytest.raises(TypeError, match=r"^no command handler for CreateLoudly$"):
        CommandHandler(memory()).handle(CreateLoudly())


def test_a_handler_that_returns_no_event_is_told_by_name():
    class Silent(CommandHandler):
        @handles(Create)
        def create(self, command: Create) -> Change:
            thing, _ = Thing.create(command.thing_id)
            return self.saved(thing)

    with pytest.raises(TypeError, match=r"Silent\.create returned no event"):
        Silent(memory()).handle(Create())


def test_an_event_that_the_component_does_not_publish_is_told_by_name():
    class Forgetful(CommandHandler):
        events = (Created,)

    handler, command = Forgetful(memory()), Create()
    handler.handle(command)
    with pytest.raises(TypeError, match=r"Forgetful\.events has no class .* Thing\.Updated"):
        handler.handle(UpdateValue(thing_id=command.thing_id, value="blue"))


def test_a_command_may_change_several_aggregates():
    class Twin(CommandHandler):
        @handles(Create)
        def create(self, command: Create) -> list[Change]:
            made = [Thing.create(new_thing_id()) for _ in range(2)]
            return [self.saved(thing, event) for thing, event in made]

    repository = memory()
    events = Twin(repository).handle(Create())
    assert [event.thing_id for event in events] == list(repository.dtos)


def test_an_aggregate_may_be_removed():
    class Remover(CommandHandler):
        @handles(UpdateValue)
        def update_value(self, command: UpdateValue) -> Change:
            thing = self.repository.get(command.thing_id)
            return self.removed(thing, thing.update("last"))

    repository, command = memory(), Create()
    handler = Remover(repository)
    handler.handle(command)
    handler.handle(UpdateValue(thing_id=command.thing_id, value="blue"))
    assert repository.dtos == {}
    assert repository.saved[-1].version == 2


def test_two_handlers_share_no_listeners():
    first, second, heard = (
        CommandHandler(memory()),
        CommandHandler(memory()),
        [],
    )
    first.register(heard.append)
    second.handle(Create())
    assert heard == []


def test_an_update_leaves_the_version_to_the_repository():
    thing, _ = Thing.create(new_thing_id())
    thing.update("blue")
    assert thing.dto.version == 0


def test_commands_cannot_be_changed():
    command: Command = UpdateValue(thing_id=ThingID(uuid4()), value="blue")
    with pytest.raises(AttributeError):
        command.value = "red"

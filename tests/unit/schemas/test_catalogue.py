"""What start-up refuses: messages that do not fit each other."""

from dataclasses import dataclass, fields, replace
from types import ModuleType
from uuid import UUID

import pytest

from domain import handling
from domain.handling import Change, handles
from domain.messages import Command, Event
from schemas.catalogue import Catalogue
from schemas.exceptions import CatalogueError
from schemas.fields import Uuid
from schemas.message import CommandSchema, EventSchema
from tests.sample.thing import CommandHandler
from tests.sample.thing_schemas import SCHEMAS, Create, Created
from tests.sample.things import THING
from worker.composition import catalogue


@dataclass(frozen=True, kw_only=True)
class Archive(Command):
    thing_id: UUID


class ArchiveSchema(CommandSchema):
    type = "thing.Archive"
    message = Archive
    thing_id = Uuid(required=True)


def module(**classes: type) -> ModuleType:
    """Return a module that defines these classes."""
    made = ModuleType(__name__)
    vars(made).update(classes)
    return made


class Shelf:
    """A second aggregate."""

    @dataclass(frozen=True, kw_only=True)
    class Archived: ...


@dataclass(frozen=True, kw_only=True)
class Archived(Event, Shelf.Archived):
    thing_id: UUID


class Archivist(handling.CommandHandler):
    """The handler of the second aggregate."""

    @handles(Archive)
    def archive(self, command: Archive) -> Change:
        raise NotImplementedError


SECOND = replace(
    THING,
    name="shelf",
    commands=module(Archive=Archive),
    schemas=(ArchiveSchema,),
    handler=Archivist,
    aggregate=Shelf,
)


def test_the_aggregates_of_the_component_fit_together():
    names = set(catalogue([THING]).commands)
    assert names == {("thing.Create", 1), ("thing.UpdateValue", 1)}


def test_a_second_aggregate_is_one_more_registration():
    assert ("thing.Archive", 1) in catalogue([THING, SECOND]).commands


def test_a_wire_name_given_twice_is_refused():
    class Again(CommandSchema):
        type = "thing.Create"
        message = Archive

    with pytest.raises(CatalogueError, match=r"^two schemas are named thing\.Create version 1$"):
        Catalogue([*SCHEMAS, Again])


def test_a_command_and_an_event_cannot_share_a_wire_name():
    class Again(EventSchema):
        type = "thing.Create"
        message = Archived

    with pytest.raises(CatalogueError, match="two schemas"):
        Catalogue([*SCHEMAS, Again])


def test_a_second_version_of_a_command_is_not_a_doubled_name():
    class Second(Create):
        version = 2

    commands = Catalogue([*SCHEMAS, Second]).commands
    assert {("thing.Create", 1), ("thing.Create", 2)} <= commands.keys()


def test_two_aggregates_cannot_share_a_wire_name():
    with pytest.raises(CatalogueError, match=r"two schemas are named thing\.Create"):
        catalogue([THING, replace(SECOND, schemas=(ArchiveSchema, Create))])


def test_a_command_without_schema_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"test_catalogue\.Archive has no schema$"):
        catalogue([THING, replace(SECOND, schemas=())])


def test_an_event_without_schema_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"test_catalogue\.Archived has no schema$"):
        catalogue([THING, replace(SECOND, handler=handler_with(Archived))])


def test_a_forgotten_schema_of_the_sample_is_noticed():
    schemas = tuple(schema for schema in SCHEMAS if schema is not Created)
    with pytest.raises(CatalogueError, match=r"tests\.sample\.thing\.Created has no schema$"):
        catalogue([replace(THING, schemas=schemas)])


def test_a_command_without_handler_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"test_catalogue\.Archive has no handler$"):
        catalogue([THING, replace(SECOND, handler=CommandHandler)])


def test_a_command_with_two_handlers_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"^(Create|UpdateValue) has two handlers$"):
        catalogue([THING, replace(SECOND, handler=Greedy)])


class Greedy(Archivist, CommandHandler): ...


def handler_with(*events: type[Event]) -> type[Archivist]:
    """Return a handler that publishes these events."""
    return type("Publisher", (Archivist,), {"events": events})


def test_an_event_that_extends_none_of_the_aggregates_own_is_refused_by_name():
    @dataclass(frozen=True, kw_only=True)
    class Stray(Event):
        thing_id: UUID

    second = replace(SECOND, handler=handler_with(Stray), schemas=(ArchiveSchema, schema_of(Stray)))
    with pytest.raises(CatalogueError, match=r"Stray extends none of the events of Shelf$"):
        catalogue([THING, second])


def test_an_event_that_does_not_say_of_which_aggregate_it_is_is_refused_by_name():
    @dataclass(frozen=True, kw_only=True)
    class Homeless(Event, Shelf.Archived): ...

    second = replace(
        SECOND, handler=handler_with(Homeless), schemas=(ArchiveSchema, schema_of(Homeless))
    )
    with pytest.raises(CatalogueError, match=r"Homeless must have one field more"):
        catalogue([THING, second])


def test_two_aggregates_of_one_name_are_refused():
    with pytest.raises(CatalogueError, match=r"^two aggregates are named thing$"):
        catalogue([THING, replace(SECOND, name="thing")])


def test_a_key_of_a_kind_that_there_is_not_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"^shelf names another kind, rack, that there is not"):
        catalogue([THING, replace(SECOND, others={"thing_id": "rack"})])


def schema_of(event: type[Event]) -> type[EventSchema]:
    names = {field.name for field in fields(event)} - {field.name for field in fields(Event)}
    members = {name: Uuid(required=True) for name in names}
    return type("Schema", (EventSchema,), {"type": "shelf.X", "message": event, **members})

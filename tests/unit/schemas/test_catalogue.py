"""What start-up refuses: messages that do not fit each other."""

from dataclasses import dataclass, fields, replace
from types import ModuleType
from uuid import UUID

import pytest

from domain import handling
from domain.entity.service import CommandHandler
from domain.handling import Change, handles
from domain.messages import Command, Event
from schemas.catalogue import Catalogue
from schemas.entity import SCHEMAS, Create, Created
from schemas.exceptions import CatalogueError
from schemas.fields import Uuid
from schemas.message import CommandSchema, EventSchema
from worker.aggregates import AGGREGATES
from worker.composition import catalogue

ENTITY = AGGREGATES[0]


@dataclass(frozen=True, kw_only=True)
class Archive(Command):
    entity_id: UUID


class ArchiveSchema(CommandSchema):
    type = "entity.Archive"
    message = Archive
    entity_id = Uuid(required=True)


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
    entity_id: UUID


class Archivist(handling.CommandHandler):
    """The handler of the second aggregate."""

    @handles(Archive)
    def archive(self, command: Archive) -> Change:
        raise NotImplementedError


SECOND = replace(
    ENTITY,
    name="shelf",
    commands=module(Archive=Archive),
    schemas=(ArchiveSchema,),
    handler=Archivist,
    aggregate=Shelf,
)


def test_the_aggregates_of_the_component_fit_together():
    names = set(catalogue(AGGREGATES).commands)
    assert names == {("entity.Create", 1), ("entity.UpdateValue", 1)}


def test_a_second_aggregate_is_one_more_registration():
    assert ("entity.Archive", 1) in catalogue([ENTITY, SECOND]).commands


def test_a_wire_name_given_twice_is_refused():
    class Again(CommandSchema):
        type = "entity.Create"
        message = Archive

    with pytest.raises(CatalogueError, match=r"^two schemas are named entity\.Create version 1$"):
        Catalogue([*SCHEMAS, Again])


def test_a_command_and_an_event_cannot_share_a_wire_name():
    class Again(EventSchema):
        type = "entity.Create"
        message = Archived

    with pytest.raises(CatalogueError, match="two schemas"):
        Catalogue([*SCHEMAS, Again])


def test_a_second_version_of_a_command_is_not_a_doubled_name():
    class Second(Create):
        version = 2

    commands = Catalogue([*SCHEMAS, Second]).commands
    assert {("entity.Create", 1), ("entity.Create", 2)} <= commands.keys()


def test_two_aggregates_cannot_share_a_wire_name():
    with pytest.raises(CatalogueError, match=r"two schemas are named entity\.Create"):
        catalogue([ENTITY, replace(SECOND, schemas=(ArchiveSchema, Create))])


def test_a_command_without_schema_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"test_catalogue\.Archive has no schema$"):
        catalogue([ENTITY, replace(SECOND, schemas=())])


def test_an_event_without_schema_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"test_catalogue\.Archived has no schema$"):
        catalogue([ENTITY, replace(SECOND, handler=handler_with(Archived))])


def test_a_forgotten_schema_of_the_sample_is_noticed():
    schemas = tuple(schema for schema in SCHEMAS if schema is not Created)
    with pytest.raises(CatalogueError, match=r"domain\.entity\.events\.Created has no schema$"):
        catalogue([replace(ENTITY, schemas=schemas)])


def test_a_command_without_handler_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"test_catalogue\.Archive has no handler$"):
        catalogue([ENTITY, replace(SECOND, handler=CommandHandler)])


def test_a_command_with_two_handlers_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"^(Create|UpdateValue) has two handlers$"):
        catalogue([ENTITY, replace(SECOND, handler=Greedy)])


class Greedy(Archivist, CommandHandler): ...


def handler_with(*events: type[Event]) -> type[Archivist]:
    """Return a handler that publishes these events."""
    return type("Publisher", (Archivist,), {"events": events})


def test_an_event_that_extends_none_of_the_aggregates_own_is_refused_by_name():
    @dataclass(frozen=True, kw_only=True)
    class Stray(Event):
        entity_id: UUID

    second = replace(SECOND, handler=handler_with(Stray), schemas=(ArchiveSchema, schema_of(Stray)))
    with pytest.raises(CatalogueError, match=r"Stray extends none of the events of Shelf$"):
        catalogue([ENTITY, second])


def test_an_event_that_does_not_say_of_which_aggregate_it_is_is_refused_by_name():
    @dataclass(frozen=True, kw_only=True)
    class Homeless(Event, Shelf.Archived): ...

    second = replace(
        SECOND, handler=handler_with(Homeless), schemas=(ArchiveSchema, schema_of(Homeless))
    )
    with pytest.raises(CatalogueError, match=r"Homeless must have one field more"):
        catalogue([ENTITY, second])


def test_two_aggregates_of_one_name_are_refused():
    with pytest.raises(CatalogueError, match=r"^two aggregates are named entity$"):
        catalogue([ENTITY, replace(SECOND, name="entity")])


def test_a_key_of_a_kind_that_there_is_not_is_refused_by_name():
    with pytest.raises(CatalogueError, match=r"^shelf names another kind, rack, that there is not"):
        catalogue([ENTITY, replace(SECOND, others={"entity_id": "rack"})])


def schema_of(event: type[Event]) -> type[EventSchema]:
    names = {field.name for field in fields(event)} - {field.name for field in fields(Event)}
    members = {name: Uuid(required=True) for name in names}
    return type("Schema", (EventSchema,), {"type": "shelf.X", "message": event, **members})

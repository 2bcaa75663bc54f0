"""The one place that sees everything: which aggregates there are, and how the parts fit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from types import ModuleType
from typing import Any, Protocol, TypeVar
from uuid import UUID

import domain.entity.commands
import domain.entity.events
import schemas.entity
import schemas.outcomes
from domain.entity.queries import QueryHandler
from domain.entity.service import CommandHandler
from domain.messages import Command, Event
from persistence.database import Database
from persistence.dead_letters import DeadLetterViews
from persistence.entity.repository import ORMRepository
from persistence.entity.views import SQLViews
from persistence.unit_of_work import UnitOfWork
from schemas.catalogue import Catalogue
from schemas.codec import Codec
from schemas.exceptions import CatalogueError
from schemas.message import CommandSchema, EventSchema
from worker.settings import Settings

M = TypeVar("M", Command, Event)


class Handler(Protocol):
    """What the facade of every aggregate can do."""

    def handle(self, command: Command) -> list[Event]: ...


class HandlerClass(Protocol):
    """The class of a facade: takes its repository, knows its commands."""

    def __call__(self, repository: Any, /) -> Handler: ...

    def commands(self) -> set[type[Command]]: ...


class BatchRepository(Protocol):
    """What a repository of the persistence layer can do besides its port."""

    def lock(self, ids: Iterable[UUID]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """An aggregate and its parts. `key` is the field of its commands that holds its id."""

    commands: ModuleType
    events: ModuleType
    schemas: tuple[type[CommandSchema | EventSchema], ...]
    handler: HandlerClass
    repository: Callable[[UnitOfWork], BatchRepository]
    key: str


AGGREGATES = (
    Aggregate(
        commands=domain.entity.commands,
        events=domain.entity.events,
        schemas=schemas.entity.SCHEMAS,
        handler=CommandHandler,
        repository=ORMRepository,
        key="entity_id",
    ),
)


class Handlers:
    """The command handlers of all aggregates, in one unit of work."""

    def __init__(self, aggregates: Iterable[Aggregate], unit_of_work: UnitOfWork) -> None:
        self._handlers: dict[type[Command], Handler] = {}
        self._keys: dict[type[Command], tuple[BatchRepository, str]] = {}
        for aggregate in aggregates:
            repository = aggregate.repository(unit_of_work)
            handler = aggregate.handler(repository)
            for command in aggregate.handler.commands():
                self._handlers[command] = handler
                self._keys[command] = (repository, aggregate.key)

    def lock(self, commands: Iterable[Command]) -> None:
        """Lock and load every aggregate that these commands name."""
        ids: dict[BatchRepository, set[UUID]] = {r: set() for r, _ in self._keys.values()}
        for command in commands:
            repository, key = self._keys[type(command)]
            ids[repository].add(getattr(command, key))
        for repository, wanted in ids.items():
            repository.lock(wanted)

    def handle(self, command: Command) -> list[Event]:
        return self._handlers[type(command)].handle(command)


class Component:
    """Everything that one process needs, put together from the settings.

    Raises `CatalogueError` or `MappingError` where the parts do not fit.
    """

    def __init__(self, settings: Settings, aggregates: Iterable[Aggregate] = AGGREGATES) -> None:
        self.settings = settings
        self._aggregates = tuple(aggregates)
        self.codec = Codec(catalogue(self._aggregates))
        self._keys = {c: a.key for a in self._aggregates for c in a.handler.commands()}
        self.database = Database(settings.database_url, settings.database_deadline)
        self.handlers(self.unit_of_work())  # what is wrong with a mapping is said here

    def aggregate_id(self, command: Command) -> UUID:
        """Return the id of the aggregate that the command is for."""
        aggregate_id: UUID = getattr(command, self._keys[type(command)])
        return aggregate_id

    def unit_of_work(self) -> UnitOfWork:
        return UnitOfWork(self.database, self.settings.component_name)

    def handlers(self, unit_of_work: UnitOfWork) -> Handlers:
        return Handlers(self._aggregates, unit_of_work)

    def read_database(self) -> Database:
        settings = self.settings
        return Database(settings.read_database_url, settings.database_deadline, read_only=True)

    def queries(self, database: Database) -> QueryHandler:
        return QueryHandler(SQLViews(database))

    def dead_letters(self, database: Database) -> DeadLetterViews:
        return DeadLetterViews(database, self.settings.component_name)


def catalogue(aggregates: Iterable[Aggregate]) -> Catalogue:
    """Return the catalogue of all messages; raise `CatalogueError` where the parts do not fit."""
    aggregates = tuple(aggregates)
    result = Catalogue(chain(schemas.outcomes.SCHEMAS, *(a.schemas for a in aggregates)))
    owners: dict[type[Command], Aggregate] = {}
    for aggregate in aggregates:
        commands = _classes(aggregate.commands, Command)
        result.require(commands)
        result.require(_classes(aggregate.events, Event))
        for command in commands - aggregate.handler.commands():
            raise CatalogueError(f"{command.__module__}.{command.__qualname__} has no handler")
        for command in commands:
            if aggregate.key not in command.__dataclass_fields__:
                name = f"{command.__module__}.{command.__qualname__}"
                raise CatalogueError(f"{name} has no field {aggregate.key!r}, its aggregate's key")
        for command in aggregate.handler.commands():
            if owners.setdefault(command, aggregate) is not aggregate:
                raise CatalogueError(f"{command.__qualname__} has two handlers")
    return result


def _classes(module: ModuleType, base: type[M]) -> set[type[M]]:
    """Return the message classes that the module defines."""
    return {
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
    }

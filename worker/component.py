"""What every process works with: the aggregates, the codec, the database, the settings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from uuid import UUID

from domain.handling import CommandHandler, Listener, QueryHandler
from domain.messages import Command, Event
from persistence.database import Database
from persistence.mapping import Mapping as Mapped
from persistence.repository import ORMRepository
from persistence.unit_of_work import UnitOfWork
from persistence.views import SQLViews
from schemas.codec import Codec
from schemas.message import CommandSchema, EventSchema
from worker.exceptions import Quit
from worker.runtime.tracing import Tracing
from worker.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """An aggregate and its parts.

    `name`: what people and subscribers call it. `keys`: the fields of its commands that hold ids of
    its kind; every command has the first, which is the aggregate that the command is for.
    `others`: fields that hold ids of another kind, and its name. What the keys name is locked, in
    the order of ids, before the first command of a batch is handled.
    `listeners`: each is made for a unit of work, in whose transaction it hears.
    `removable`: its handler removes some; the last version of one that is gone is kept.
    `dependencies`: what else the handler is made with, as keyword arguments.
    """

    name: str
    commands: ModuleType
    schemas: Sequence[type[CommandSchema | EventSchema]]
    handler: type[CommandHandler[Any]]
    aggregate: type[Any]
    mapping: Mapped
    view: type[Any]
    keys: tuple[str, ...]
    others: Mapping[str, str] = field(default_factory=dict)
    removable: bool = False
    listeners: Sequence[Callable[[UnitOfWork], Listener]] = ()
    dependencies: Callable[[UnitOfWork, Settings], dict[str, Any]] | None = None

    def repository(self, unit_of_work: UnitOfWork) -> ORMRepository[Any]:
        self.mapping.apply()
        dto, removable = self.mapping.dto, self.removable
        return ORMRepository(unit_of_work, self.aggregate, dto, self.name, removable=removable)

    def views(self, database: Database) -> SQLViews[Any]:
        return SQLViews(database, self.view, self.mapping, self.name)

    def key(self, command: Command) -> UUID:
        """Return the id of the aggregate that the command is for."""
        aggregate_id: UUID = getattr(command, self.keys[0])
        return aggregate_id

    def named_by(self, command: Command) -> Iterable[tuple[str, UUID]]:
        """Return the kinds and ids of all aggregates that the command names."""
        for kind, name in ((self.name, n) for n in self.keys):
            if (aggregate_id := getattr(command, name, None)) is not None:
                yield kind, aggregate_id
        for name, kind in self.others.items():
            if (aggregate_id := getattr(command, name, None)) is not None:
                yield kind, aggregate_id


class Handlers:
    """The command handlers of all aggregates, in one unit of work."""

    def __init__(self, component: "Component", unit_of_work: UnitOfWork) -> None:
        self._owners = component.owners
        self._repositories: dict[str, ORMRepository[Any]] = {}
        self._handlers: dict[type[Command], CommandHandler[Any]] = {}
        for aggregate in component.aggregates:
            repository = self._repositories[aggregate.name] = aggregate.repository(unit_of_work)
            more = aggregate.dependencies
            given = more(unit_of_work, component.settings) if more else {}
            handler = aggregate.handler(repository, **given)
            for listener in aggregate.listeners:
                handler.register(listener(unit_of_work))
            self._handlers |= dict.fromkeys(aggregate.handler.commands(), handler)

    def lock(self, commands: Iterable[Command]) -> None:
        """Lock and load every aggregate that these commands name."""
        ids: dict[str, set[UUID]] = {kind: set() for kind in self._repositories}
        for command in commands:
            for kind, aggregate_id in self._owners[type(command)].named_by(command):
                ids[kind].add(aggregate_id)
        for kind, wanted in ids.items():
            self._repositories[kind].lock(wanted)

    def handle(self, command: Command) -> list[Event]:
        try:
            return self._handlers[type(command)].handle(command)
        except Exception:
            raise  # a refusal, or a bug: told apart by who called us
        except BaseException as error:  # no signal of ours raises: it is the handler's own
            raise Quit(error) from error


class Component:
    """Everything that one process needs. It is put together in `worker.composition`."""

    def __init__(self, settings: Settings, aggregates: Iterable[Aggregate], codec: Codec) -> None:
        self.settings = settings
        self.aggregates = tuple(aggregates)
        self.owners = {c: a for a in self.aggregates for c in a.handler.commands()}
        self.codec = codec
        self.tracing = Tracing()
        self.database = Database(settings.database_url, settings.database_deadline)

    def aggregate_id(self, command: Command) -> UUID:
        """Return the id of the aggregate that the command is for."""
        return self.owners[type(command)].key(command)

    def unit_of_work(self) -> UnitOfWork:
        return UnitOfWork(self.database, self.settings.component_name)

    def handlers(self, unit_of_work: UnitOfWork) -> Handlers:
        return Handlers(self, unit_of_work)

    def read_database(self) -> Database:
        settings = self.settings
        return Database(settings.read_database_url, settings.database_deadline, read_only=True)

    def queries(self, name: str, database: Database) -> QueryHandler[Any]:
        """Return the reads of the aggregates of this name; raise `KeyError` if there are none."""
        aggregate = {aggregate.name: aggregate for aggregate in self.aggregates}[name]
        return QueryHandler(aggregate.views(database))

"""Memory and the databases behind one face, so that the same tests run on all of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

from domain.exceptions import DomainError
from domain.handling import QueryHandler, Repository, Views
from domain.messages import Command, Event
from persistence.database import Database
from persistence.unit_of_work import UnitOfWork
from tests.sample.things import THING
from tests.support.memory import MemoryRepository, MemoryViews
from worker.aggregates import AGGREGATES
from worker.component import Aggregate

COMPONENT = "tests"


def aggregate_named(name: str) -> Aggregate:
    """Return the aggregate of this component that has the name."""
    return {aggregate.name: aggregate for aggregate in AGGREGATES}[name]


class Backend(ABC):
    """Where aggregates of one kind are kept. A transaction left by an exception keeps nothing."""

    kind: Aggregate
    views: Views[Any]

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Repository[Any]]:
        """Give a repository; what it has saved is committed at the end of the block."""

    @abstractmethod
    def command(self) -> AbstractContextManager[Repository[Any]]:
        """Like `transaction`, for one command: a refusal undoes it, and the rest is committed."""


class MemoryBackend(Backend):
    def __init__(self, kind: Aggregate = THING) -> None:
        self.kind = kind
        self._dtos: dict[UUID, Any] = {}
        self.views = MemoryViews(kind.view, kind.name, self._dtos)

    @contextmanager
    def transaction(self) -> Iterator[Repository[Any]]:
        repository = MemoryRepository(self.kind.aggregate, self.kind.name, dict(self._dtos))
        yield repository
        self._dtos.clear()
        self._dtos.update(repository.dtos)

    command = transaction


class SQLBackend(Backend):
    def __init__(self, database: Database, reader: Database, kind: Aggregate = THING) -> None:
        self.kind = kind
        self._database = database
        self.views = kind.views(reader)

    @contextmanager
    def transaction(self) -> Iterator[Repository[Any]]:
        with UnitOfWork(self._database, COMPONENT) as unit:
            yield self.kind.repository(unit)
            unit.commit()

    @contextmanager
    def command(self) -> Iterator[Repository[Any]]:
        with UnitOfWork(self._database, COMPONENT) as unit:
            repository = self.kind.repository(unit)
            try:
                with unit.command():
                    yield repository
            except DomainError:
                unit.commit()
                raise
            unit.commit()


@contextmanager
def sql_backend(database: Database, kind: Aggregate = THING) -> Iterator[SQLBackend]:
    """Give a backend on the database; its query side has a connection of its own."""
    reader = reading(database)
    try:
        yield SQLBackend(database, reader, kind)
    finally:
        reader.dispose()


def reading(database: Database) -> Database:
    """Return the same database as the query side sees it; dispose of it."""
    return Database(database.url.render_as_string(hide_password=False), read_only=True)


class _Current(Repository[Any]):
    """The repository of the transaction that is open at the moment."""

    inner: Repository[Any]

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, aggregate_id: UUID) -> Any:
        return self.inner.find(aggregate_id)

    def save(self, aggregate: Any, events: Sequence[Event]) -> None:
        self.inner.save(aggregate, events)

    def remove(self, aggregate: Any, events: Sequence[Event]) -> None:
        self.inner.remove(aggregate, events)


class Facade:
    """One `CommandHandler` and one `QueryHandler`; every command has a transaction of its own."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.repository = _Current(backend.kind.name)
        self.commands = backend.kind.handler(self.repository)
        self.queries = QueryHandler(backend.views)

    def handle(self, command: Command) -> list[Event]:
        with self._backend.command() as self.repository.inner:
            return self.commands.handle(command)

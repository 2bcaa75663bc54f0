"""Memory and the databases behind one face, so that the same tests run on all of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from domain.entity.commands import EntityID
from domain.entity.entity import Entity, EntityDTO
from domain.entity.queries import QueryHandler, Views
from domain.entity.repository import Repository
from domain.entity.service import CommandHandler
from domain.exceptions import DomainError
from domain.messages import Command, Event
from persistence.database import Database
from persistence.entity.repository import ORMRepository
from persistence.entity.views import SQLViews
from persistence.unit_of_work import UnitOfWork
from tests.support.memory import MemoryRepository, MemoryViews

COMPONENT = "tests"


class Backend(ABC):
    """Where entities are kept. A transaction left by an exception keeps nothing."""

    views: Views

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Repository]:
        """Give a repository; what it has saved is committed at the end of the block."""

    @abstractmethod
    def command(self) -> AbstractContextManager[Repository]:
        """Like `transaction`, for one command: a refusal undoes it, and the rest is committed."""


class MemoryBackend(Backend):
    def __init__(self) -> None:
        self._entities: dict[EntityID, EntityDTO] = {}
        self.views = MemoryViews(self._entities)

    @contextmanager
    def transaction(self) -> Iterator[Repository]:
        repository = MemoryRepository(dict(self._entities))
        yield repository
        self._entities.update(repository.entities)

    command = transaction


class SQLBackend(Backend):
    def __init__(self, database: Database, reader: Database) -> None:
        self._database = database
        self.views = SQLViews(reader)

    @contextmanager
    def transaction(self) -> Iterator[Repository]:
        with UnitOfWork(self._database, COMPONENT) as unit:
            yield ORMRepository(unit)
            unit.commit()

    @contextmanager
    def command(self) -> Iterator[Repository]:
        with UnitOfWork(self._database, COMPONENT) as unit:
            repository = ORMRepository(unit)
            try:
                with unit.command():
                    yield repository
            except DomainError:
                unit.commit()
                raise
            unit.commit()


@contextmanager
def sql_backend(database: Database) -> Iterator[SQLBackend]:
    """Give a backend on the database; its query side has a connection of its own."""
    reader = reading(database)
    try:
        yield SQLBackend(database, reader)
    finally:
        reader.dispose()


def reading(database: Database) -> Database:
    """Return the same database as the query side sees it; dispose of it."""
    return Database(database.url.render_as_string(hide_password=False), read_only=True)


class _Current(Repository):
    """The repository of the transaction that is open at the moment."""

    inner: Repository

    def find(self, entity_id: EntityID) -> Entity | None:
        return self.inner.find(entity_id)

    def save(self, entity: Entity, events: Sequence[Event]) -> None:
        self.inner.save(entity, events)


class Facade:
    """One `CommandHandler` and one `QueryHandler`; every command has a transaction of its own."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.repository = _Current()
        self.commands = CommandHandler(self.repository)
        self.queries = QueryHandler(backend.views)

    def handle(self, command: Command) -> list[Event]:
        with self._backend.command() as self.repository.inner:
            return self.commands.handle(command)

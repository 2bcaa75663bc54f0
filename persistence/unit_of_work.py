"""One transaction for a batch of commands, each of which can be undone alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from persistence.database import Database
from persistence.dead_letters import DeadLetters
from persistence.exceptions import PersistenceError, Refused
from persistence.identity_map import D, IdentityMap, SavedEvent
from persistence.inbox import Inbox
from persistence.outbox import Outbox, relay_name
from persistence.retries import Retries
from persistence.translation import driver_errors


class UnitOfWork:
    """One transaction for a batch of commands: what they do is committed together or not at all.

    What reads or writes may raise a `PersistenceError`; leaving the block then rolls back.
    """

    def __init__(self, database: Database, component: str) -> None:
        """`component`: several of them may share a database."""
        self._database = database
        self._component = component
        self._session = Session(database.engine, autoflush=False, expire_on_commit=False)
        self._dtos: dict[type[Any], IdentityMap[Any]] = {}
        self.inbox = Inbox(self._session, component, database.now)
        self.outbox = Outbox(self._session, component)
        self.retries = Retries(self._session, component)
        self.dead_letters = DeadLetters(self._session, component, database.now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Whoever still refers to this, in a circle even, keeps no batch by it.
        for dtos in self._dtos.values():
            dtos.forget()
        try:
            with driver_errors():
                self._session.close()
        except PersistenceError:
            self._session.invalidate()  # whatever it holds ends with its connection
            if error is None:
                raise  # else what is under way says more: a stop, or what went wrong first

    def now(self) -> datetime:
        """Return the database's time, by which due times are counted."""
        return self._database.now()

    def dtos(self, dto_class: type[D], aggregate_type: str) -> IdentityMap[D]:
        """Return the IdentityMap of a class in this transaction; for repositories."""
        if dto_class not in self._dtos:
            self._dtos[dto_class] = IdentityMap(self._session, dto_class, aggregate_type)
        return self._dtos[dto_class]

    @contextmanager
    def command(self) -> Iterator[None]:
        """Undo, in memory, what the block did to aggregates when it raises."""
        for dtos in self._dtos.values():
            dtos.begin_command()
        try:
            yield
        except BaseException:
            for dtos in self._dtos.values():
                dtos.undo_command()
            raise

    def saved_events(self) -> list[SavedEvent]:
        """Return the events of the current command, in the order of their aggregates' versions."""
        return [saved for dtos in self._dtos.values() for saved in dtos.saved]

    def wait_for_locks(self, seconds: float) -> None:
        """Wait for a lock so long only; where the database has locks of rows."""
        if self._database.is_postgresql:
            with driver_errors():
                statement = text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}")
                self._session.execute(statement)

    def commit(self) -> None:
        """Write everything with a few statements, and commit."""
        self.rehearse()
        with driver_errors():
            self._session.commit()

    def rehearse(self) -> None:
        """Write everything; leaving the block without a commit takes it back."""
        with driver_errors():
            try:
                self._write()
            except (PersistenceError, SQLAlchemyError):
                raise
            except Exception as error:  # a value that nobody can send can raise anything
                name = type(error).__name__
                raise Refused(f"A value cannot be sent: {name}: {error}.") from error

    def _write(self) -> None:
        for dtos in self._dtos.values():
            dtos.write()
        for part in (self.inbox, self.outbox, self.retries, self.dead_letters):
            part.write()
        if self._database.is_postgresql and (len(self.outbox) or len(self.retries)):
            self._session.execute(select(func.pg_notify(relay_name(self._component), "")))

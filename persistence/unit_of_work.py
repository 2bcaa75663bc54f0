"""One transaction for a batch of commands, each of which can be undone alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from persistence.columns_map import ColumnsMap, is_columns_only
from persistence.database import Database
from persistence.dead_letters import DeadLetters
from persistence.dtos import D, SavedEvent
from persistence.exceptions import (
    Collision,
    CommandRefused,
    NotUndone,
    PersistenceError,
    Refused,
)
from persistence.identity_map import IdentityMap
from persistence.inbox import Inbox
from persistence.mapping_checks import check_mapping
from persistence.objects_map import ObjectsMap
from persistence.outbox import Outbox, relay_name
from persistence.own_session import OwnSession
from persistence.removed import Removed
from persistence.retries import Retries
from persistence.translation import driver_errors, of_our_engine

# By these the database answers to what one command wrote; by all others, to whoever asks.
_OF_ONE = (Refused, Collision)


class UnitOfWork:
    """One transaction for a batch of commands: what they do is committed together or not at all.

    What reads or writes may raise a `PersistenceError`; leaving the block then rolls back.
    """

    def __init__(self, database: Database, component: str) -> None:
        """`component`: several of them may share a database."""
        self._database = database
        self._component = component
        self._session = Session(database.engine, autoflush=False, expire_on_commit=False)
        self._own: OwnSession | None = None
        self._has_savepoints = False
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
                if self._own:
                    self._own.close()
                self._session.close()
        except PersistenceError:
            self._session.invalidate()  # whatever it holds ends with its connection
            if error is None:
                raise  # else what is under way says more: a stop, or what went wrong first

    @property
    def session(self) -> Session:
        """The session for SQL of a handler's or listener's own, in this transaction.

        What a command did by it is undone with the command. It does not see what aggregates have
        become in this batch: that is written at the end.
        """
        return self._own_session

    @property
    def _own_session(self) -> OwnSession:
        if self._own is None:
            self._own = OwnSession(self._session)
        return self._own

    def use_savepoints(self) -> None:
        """Let the database undo commands that fail: slower than memory, but it always can."""
        self._has_savepoints = True

    def now(self) -> datetime:
        """Return the database's time, by which due times are counted."""
        return self._database.now()

    def dtos(
        self, dto_class: type[D], aggregate_type: str, *, removable: bool = False
    ) -> IdentityMap[D]:
        """Return the IdentityMap of a class in this transaction; for repositories."""
        if dto_class not in self._dtos:
            check_mapping(dto_class)
            removed = Removed(self._session, self._component, aggregate_type) if removable else None
            self._dtos[dto_class] = (
                ColumnsMap(self._session, dto_class, aggregate_type, removed)
                if is_columns_only(dto_class)
                else ObjectsMap(self._own_session, dto_class, aggregate_type, removed)
            )
        return self._dtos[dto_class]

    @contextmanager
    def command(self) -> Iterator[None]:
        """Undo what the block did when it raises.

        Raises `NotUndone` where memory is not enough for that and there are no savepoints,
        `CommandRefused` where there are and the database refused what the block wrote.
        """
        for dtos in self._dtos.values():
            dtos.begin_command()
        if self._own:
            self._own.begin_command()
        if self._has_savepoints:
            with self._savepoint():
                yield
            return
        try:
            yield
        except Exception as error:
            self._undo_in_memory(error)
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
        with _sent():
            self._write()

    def _write(self) -> None:
        for dtos in self._dtos.values():
            dtos.write()
        if self._own:
            self._own.flush()
        for part in (self.inbox, self.outbox, self.retries, self.dead_letters):
            part.write()
        if self._database.is_postgresql and (len(self.outbox) or len(self.retries)):
            self._session.execute(select(func.pg_notify(relay_name(self._component), "")))

    def _undo_in_memory(self, error: Exception) -> None:
        _said_of_the_command(error)
        by_session = self._own is not None and self._own.may_have_changed
        if by_session or not all(dtos.is_undoable for dtos in self._dtos.values()):
            raise NotUndone(f"Memory cannot undo it: {type(error).__name__}.") from error
        for dtos in self._dtos.values():
            dtos.undo_command()

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        try:
            with self._own_session.begin_nested():
                self._own_session.connection()  # only now the savepoint is there
                yield
                with _sent():
                    for dtos in self._dtos.values():
                        dtos.write_command()
                    self._own_session.flush()
        except Exception as error:
            refusal = _said_of_the_command(error)
            for dtos in self._dtos.values():
                dtos.undo_command(to_savepoint=True)
            if refusal:
                raise CommandRefused(str(refusal)) from error
            raise


def _said_of_the_command(error: Exception) -> PersistenceError | None:
    """Return what the database said of one command alone; raise what it said to all."""
    said = of_our_engine(error)
    if said is None or isinstance(said, _OF_ONE):
        return said
    if said is error:
        raise said
    raise said from error


@contextmanager
def _sent() -> Iterator[None]:
    with driver_errors():
        try:
            yield
        except (PersistenceError, SQLAlchemyError):
            raise
        except Exception as error:  # a value that nobody can send can raise anything
            name = type(error).__name__
            raise Refused(f"A value cannot be sent: {name}: {error}.") from error

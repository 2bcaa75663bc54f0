"""The engine: one database as one process uses it, and which URLs name one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from time import time
from typing import Any, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    exc,
    make_url,
)

from persistence.bulk.copying import copy
from persistence.clock import Clock
from persistence.driver import connector
from persistence.sessions import (
    options_of_postgresql,
    prepare_postgresql,
    prepare_sqlite,
    time_of_postgresql,
)
from persistence.sqlite_file import create_private, note_file, require_file
from persistence.translation import ERRORS, driver_errors, meaning_of, name_of, renew_session


class Database:
    """One database as one process uses it: a single connection, opened when first needed.

    `deadline`: seconds that any statement may take; a wait for a lock gets a third of it.
    """

    def __init__(self, url: str, deadline: float = 15, *, read_only: bool = False) -> None:
        self.url: URL = make_url(url)
        self.is_postgresql = self.url.get_backend_name() == "postgresql"
        self._deadline: float | None = deadline
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        self._clock = Clock()
        self.engine = self._postgresql() if self.is_postgresql else self._sqlite()
        event.listen(self.engine, "checkout", self._keep_time)
        event.listen(self.engine, "handle_error", renew_session)
        self.errors = Counter(dict.fromkeys(map(name_of, ERRORS), 0))
        event.listen(self.engine, "handle_error", self._count_error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.dispose()

    def autocommit_connection(self) -> Connection:
        """Open a connection on which every statement is its own transaction."""
        option = {"isolation_level": "AUTOCOMMIT"} if self.is_postgresql else {"begin": False}
        return self.engine.connect().execution_options(**option)

    def in_transactions(self, connection: Connection) -> None:
        """Let what follows on such a connection be in transactions again."""
        connection.rollback()
        level = connection.default_isolation_level
        option = {"isolation_level": level} if self.is_postgresql else {"begin": True}
        connection.execution_options(**option)

    @contextmanager
    def without_deadline(self) -> Iterator[None]:
        """Let statements of the block take as long as they need; on connections of its own."""
        deadline, self._deadline = self._deadline, None
        self.dispose()
        try:
            yield
        finally:
            self._deadline = deadline
            self.dispose()

    def dispose(self) -> None:
        """Close what is open; the next use opens anew."""
        self.engine.dispose()

    def now(self) -> datetime:
        """Return the database's time, by which ages and due times are counted.

        It is asked when a session begins, and again when a transaction does after a minute.
        """
        if not self._clock.is_set:
            with driver_errors():
                self.engine.connect().close()
        return self._clock.now()

    def ask_time(self, connection: Connection) -> datetime:
        """Ask for the time on this connection, and return it."""
        with driver_errors():
            self._ask_time(connection.connection.driver_connection)
        return self._clock.now()

    def _count_error(self, context: ExceptionContext) -> None:
        if meaning := meaning_of(context):
            self.errors[name_of(meaning)] += 1

    def _keep_time(self, connection: Any, record: object, proxy: object) -> None:
        if self._clock.is_stale:
            self._ask_time(connection)

    def _ask_time(self, connection: Any) -> None:
        # SQLite works in our own process, by its clock.
        ask = partial(time_of_postgresql, connection) if self.is_postgresql else time
        self._clock.set(ask)

    def _postgresql(self) -> Engine:
        engine = create_engine(
            self.url,
            creator=connector(
                self.url,
                lambda: self._deadline,
                lambda: options_of_postgresql(self._deadline),
                self._prepare_postgresql,
            ),
            pool_size=1,
            max_overflow=1,
        )
        event.listen(engine, "do_executemany", copy)
        return engine

    def _prepare_postgresql(self, connection: Any) -> None:
        self._clock.set(lambda: prepare_postgresql(connection, self._deadline))

    def _sqlite(self) -> Engine:
        engine = create_engine(
            self.url, connect_args={"isolation_level": None, "timeout": (self._deadline or 0) / 3}
        )
        event.listen(engine, "do_connect", self._create_sqlite)
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", self._begin_sqlite)
        event.listen(engine, "before_cursor_execute", require_file)
        return engine

    def _create_sqlite(self, *arguments: object) -> None:
        create_private(self.url)

    def _prepare_sqlite(self, connection: Any, record: Any) -> None:
        note_file(self.url, record.info)
        prepare_sqlite(connection, migrates=self._deadline is None)

    def _begin_sqlite(self, connection: Connection) -> None:
        # A transaction that turned from reading to writing could not wait for its lock.
        if connection.get_execution_options().get("begin", True):
            connection.exec_driver_sql(self._begin)


def check_url(url: str) -> None:
    """Raise `ValueError` unless the URL names a database that we can use."""
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in (
        "sqlite",
        "sqlite+pysqlite",
        "postgresql",
        "postgresql+psycopg",
    ):
        raise ValueError(
            "Must be sqlite:///file or postgresql+psycopg://user:password@host/name."
        ) from None
    name = parsed.database or ""
    if parsed.get_backend_name() == "sqlite" and (
        name in ("", ":memory:") or name.startswith("file:")
    ):
        raise ValueError(
            "Must name a file by its path, and no memory, which processes cannot share."
        )
    try:
        parsed.get_dialect()().create_connect_args(parsed)
    except (exc.ArgumentError, ValueError):  # whose words may hold the password
        raise ValueError("A parameter behind its ? cannot be used.") from None

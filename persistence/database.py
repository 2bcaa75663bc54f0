"""The engine, and the column types and names that both databases share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
    exc,
    make_url,
)

from persistence.driver import connector, copy
from persistence.errors import renew_session

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows itself only where the key is exactly INTEGER.
SerialKey = BigInteger().with_variant(Integer, "sqlite")


class Timestamp(TypeDecorator[datetime]):
    """An aware time in UTC, also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One database as one process uses it: a single connection, opened when first needed.

    `deadline`: seconds that any statement may take; a wait for a lock gets a third of it.
    """

    def __init__(self, url: str, deadline: float = 15, *, read_only: bool = False) -> None:
        self.url: URL = make_url(url)
        self.is_postgresql = self.url.get_backend_name() == "postgresql"
        self._deadline: float | None = deadline
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        self.engine = self._postgresql() if self.is_postgresql else self._sqlite()
        event.listen(self.engine, "handle_error", renew_session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.dispose()

    def autocommit_connection(self) -> Connection:
        """Open a connection on which every statement is its own transaction."""
        option = {"isolation_level": "AUTOCOMMIT"} if self.is_postgresql else {"begin": False}
        return self.engine.connect().execution_options(**option)

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

    def _postgresql(self) -> Engine:
        engine = create_engine(
            self.url,
            creator=connector(self.url, lambda: self._deadline),
            pool_size=1,
            max_overflow=1,
        )
        event.listen(engine, "connect", self._prepare_postgresql)
        event.listen(engine, "do_executemany", copy)
        return engine

    def _prepare_postgresql(self, connection: Any, record: object) -> None:
        milliseconds = int((self._deadline or 0) * 1000)  # 0: no limit
        connection.autocommit = True
        for name, value in (
            ("default_transaction_isolation", "'read committed'"),
            # Before our own deadline: an answer tells more than none.
            ("statement_timeout", milliseconds * 9 // 10),
            ("lock_timeout", milliseconds // 3),
            ("idle_in_transaction_session_timeout", 2 * milliseconds),
        ):
            connection.execute(f"SET {name} = {value}")
        connection.autocommit = False

    def _sqlite(self) -> Engine:
        engine = create_engine(
            self.url, connect_args={"isolation_level": None, "timeout": (self._deadline or 0) / 3}
        )
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", self._begin_sqlite)
        return engine

    def _prepare_sqlite(self, connection: Any, record: object) -> None:
        connection.execute("PRAGMA synchronous = FULL")

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
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("Must name a file: processes cannot share a database in memory.")

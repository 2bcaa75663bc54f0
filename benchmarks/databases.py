"""The database of one run: made ready, held back until the start signal, looked at afterwards."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

from benchmarks.servers import Servers

EMPTY = f"bench_empty_{os.getpid()}"
"""A database with the schema and nothing in it."""


class RunDatabase(Protocol):
    url: str

    def load(self, entities: list[str]) -> None:
        """Put the entities in, at version 1, as if created earlier."""

    def gate(self) -> Any:
        """A context in which nobody can begin to change an entity: its end is the start signal."""

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...

    def drop(self) -> None: ...


class PostgreSQLRun:
    def __init__(self, servers: Servers, name: str, template: str) -> None:
        self._servers = servers
        self._name = name
        self.url = servers.url(name)
        # File by file: the other way would write a large template to the log as well.
        servers.administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

    def load(self, entities: list[str]) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            with cursor.copy("COPY entities (id, value, version) FROM STDIN") as copy:
                for entity in entities:
                    copy.write_row((entity, None, 1))
            for table in ("inbox", "outbox"):  # for baselines that know of one component only
                cursor.execute(f"ALTER TABLE {table} ALTER component SET DEFAULT 'bench'")
            cursor.execute("ANALYZE")
        # What earlier runs have left to write shall not be written in this one's time.
        self._servers.administer("CHECKPOINT")

    @contextmanager
    def gate(self) -> Iterator[None]:
        with self._connect() as connection:
            connection.execute("LOCK TABLE entities IN EXCLUSIVE MODE")
            yield
            connection.rollback()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._connect() as connection:
            return connection.execute(query).fetchall()

    def drop(self) -> None:
        self._servers.administer(f"DROP DATABASE {self._name} WITH (FORCE)")

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._servers.dsn(self._name))


class SQLiteRun:
    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.db"
        self.url = f"sqlite:///{self._path}"
        migrate(self.url)

    def load(self, entities: list[str]) -> None:
        # SQLAlchemy keeps UUIDs as 32 hexadecimal digits where the database has no type for them.
        rows = [(entity.replace("-", ""),) for entity in entities]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT INTO entities VALUES (?, NULL, 1)", rows)

    @contextmanager
    def gate(self) -> Iterator[None]:
        # The one lock that SQLite has would keep the processes from starting at all. So the first
        # delivery is the start; it is seen a few milliseconds late, which is nothing here.
        yield

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self._connect()) as connection:
            return connection.execute(query).fetchall()

    def drop(self) -> None:
        for path in self._path.parent.glob(f"{self._path.name}*"):
            path.unlink()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None, timeout=30)


@contextmanager
def empty_database(servers: Servers) -> Iterator[None]:
    """Keep a migrated, empty database to copy from."""
    drop = f"DROP DATABASE IF EXISTS {EMPTY}"
    servers.administer(drop, f"CREATE DATABASE {EMPTY}")
    try:
        migrate(servers.url(EMPTY))
        yield
    finally:
        servers.administer(drop)


def migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "worker", "migrate"],
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

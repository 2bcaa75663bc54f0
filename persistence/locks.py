"""One holder at a time, on this database: a lock that ends with its holder, whatever ends it."""

import fcntl
import os
from abc import ABC, abstractmethod
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import IO, Protocol

from sqlalchemy import Connection, func, select, text

from persistence.database import Database

LOOK_AGAIN = 0.3  # seconds between two tries of who waits


class Lock(Protocol):
    def acquire(self, *, wait: bool) -> bool:
        """Take the lock; without `wait`, return False where another holds it."""

    def release(self) -> None: ...


def lock(database: Database, connection: Connection, name: str) -> Lock:
    """Return the lock of that name; on PostgreSQL it lives and dies with the connection.

    The connection is one on which every statement is its own transaction.
    """
    if database.is_postgresql:
        return _AdvisoryLock(connection, name)
    return _FileLock(Path(f"{database_file(connection)}.{name}.lock"))


def is_held(database: Database, connection: Connection, name: str) -> bool:
    """Tell whether somebody holds the lock of that name, and leave it alone."""
    if database.is_postgresql:
        return bool(connection.scalar(_HELD, {"key": _key(name)}))
    path = Path(f"{database_file(connection)}.{name}.lock")
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            # Taken for a moment only: who wants it asks again.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# An advisory lock's key is shown in two halves, as numbers without a sign.
_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = :key"
)


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)


def database_file(connection: Connection) -> Path:
    """Return where the database really is: by whatever links two come to it, they must meet."""
    files = connection.exec_driver_sql("PRAGMA database_list").all()
    return Path(next(file for _, name, file in files if name == "main")).resolve()


class _Asked(ABC):
    """Waits by asking again: a statement that waits would be a transaction for others to wait for.

    An index that is built concurrently, for one, waits for every transaction there is.
    """

    def acquire(self, *, wait: bool) -> bool:
        while not (taken := self._take()) and wait:
            sleep(LOOK_AGAIN)
        return taken

    @abstractmethod
    def _take(self) -> bool:
        """Take the lock if it is free, and tell whether it was."""


class _AdvisoryLock(_Asked):
    """Held by a PostgreSQL session. The key is the first 8 bytes of the name's SHA-256."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._key = _key(name)

    def _take(self) -> bool:
        return bool(self._connection.scalar(select(func.pg_try_advisory_lock(self._key))))

    def release(self) -> None:
        if not (self._connection.closed or self._connection.invalidated):
            self._connection.execute(select(func.pg_advisory_unlock(self._key)))


class _FileLock(_Asked):
    """Held by a process, on a file beside the SQLite database that nobody else can open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def _take(self) -> bool:
        if self._file is None:
            self._file = os.fdopen(_privately(self._path), "ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _privately(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, 0o600)  # earlier releases left it to the umask
    return descriptor

"""One holder at a time, on this database: a lock that ends with its holder, whatever ends it."""

import fcntl
from hashlib import sha256
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, func, select

from persistence.database import Database


class Lock(Protocol):
    def acquire(self, *, wait: bool) -> bool:
        """Take the lock; without `wait`, return False where another holds it."""

    def release(self) -> None: ...


def lock(database: Database, connection: Connection, name: str) -> Lock:
    """Return the lock of that name; on PostgreSQL it lives and dies with the connection."""
    if database.is_postgresql:
        return _AdvisoryLock(connection, name)
    return _FileLock(Path(f"{database.url.database}.{name}.lock"))


class _AdvisoryLock:
    """Held by a PostgreSQL session. The key is the first 8 bytes of the name's SHA-256."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._key = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)

    def acquire(self, *, wait: bool) -> bool:
        if wait:
            self._connection.execute(select(func.pg_advisory_lock(self._key)))
            return True
        return bool(self._connection.scalar(select(func.pg_try_advisory_lock(self._key))))

    def release(self) -> None:
        if not self._connection.closed:
            self._connection.execute(select(func.pg_advisory_unlock(self._key)))


class _FileLock:
    """Held by a process, on a file beside the SQLite database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, *, wait: bool) -> bool:
        if self._file is None:
            self._file = self._path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

"""The file of an SQLite database: made for us alone, and still the one that was opened."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection

_OPENED = "the file that was opened"  # among what the pool knows of a connection


def create_private(url: URL) -> None:
    """Create the SQLite file where there is none, for us alone: SQLite itself asks the umask.

    Raises `OSError`. What SQLite puts beside the file has the file's own mode.
    """
    if url.database:
        # A file that is there is never opened here: to close it would drop the locks that the
        # other connections of this process have on it, and another process would take the log away.
        path, flags = os.path.realpath(url.database), os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with suppress(FileExistsError):
            os.close(os.open(path, flags, 0o600))


def note_file(url: URL, known: dict[str, Any]) -> None:
    """Note which file a new connection has opened."""
    known[_OPENED] = _file(url)


def require_file(connection: Connection, *statement: object) -> None:
    """Refuse to go on with a file that was removed or replaced: what it is told is lost.

    An engine's event, before each statement. The next connection opens what is there then.
    """
    url = connection.engine.url
    if connection.info[_OPENED] != _file(url):
        raise sqlite3.OperationalError(f"{url.database} is not the file any more that was opened")


def _file(url: URL) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        status = Path(url.database or "").stat()
        return status.st_dev, status.st_ino
    return None

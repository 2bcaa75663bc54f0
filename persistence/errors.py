"""Where driver errors end."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from persistence.exceptions import (
    Collision,
    Conflict,
    PersistenceError,
    Refused,
    StorageUnavailable,
)

# SQLSTATE classes. 42, 28, 3D: no rights, table or database; that is never one command's fault.
_UNAVAILABLE = ("08", "57", "53", "58", "25", "28", "3D", "42", "XX")
# But 42809 is a view, which takes rows by INSERT and not by the COPY of a large batch.
_NO_TABLE = "42809"
_CONFLICT = ("40", "55P03")
_UNIQUE = "23505"

_SQLITE_UNIQUE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_SQLITE_CONFLICT = ("SQLITE_BUSY", "SQLITE_LOCKED")
_SQLITE_REFUSED = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_RANGE", "SQLITE_TOOBIG")


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn every SQLAlchemy or driver error of the block into a `PersistenceError`."""
    try:
        yield
    except exc.DBAPIError as error:
        # SQLAlchemy's frames and it refer to each other, and they to all that the batch holds.
        error.__traceback__ = None
        raise _translate(error)(_message(error)) from error
    except exc.SQLAlchemyError as error:
        error.__traceback__ = None
        raise Refused(_message(error)) from error


def _translate(error: exc.DBAPIError) -> type[PersistenceError]:
    if error.connection_invalidated:
        return StorageUnavailable
    sqlite_name = getattr(error.orig, "sqlite_errorname", None)
    if sqlite_name is not None:
        return _of_sqlite(sqlite_name)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is not None:
        return _of_sqlstate(sqlstate)
    lost = isinstance(error, exc.OperationalError | exc.InterfaceError)
    return StorageUnavailable if lost else Refused


def _of_sqlstate(sqlstate: str) -> type[PersistenceError]:
    if sqlstate == _UNIQUE:
        return Collision
    if sqlstate == _NO_TABLE:
        return Refused
    if sqlstate.startswith(_CONFLICT):
        return Conflict
    return StorageUnavailable if sqlstate.startswith(_UNAVAILABLE) else Refused


def _of_sqlite(name: str) -> type[PersistenceError]:
    if name.startswith(_SQLITE_UNIQUE):
        return Collision
    if name.startswith(_SQLITE_CONFLICT):
        return Conflict
    return Refused if name.startswith(_SQLITE_REFUSED) else StorageUnavailable


def _message(error: Exception) -> str:
    """Return the first line: the rest is SQL with its parameters, which may be secret."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).strip().partition(chr(10))[0]}"

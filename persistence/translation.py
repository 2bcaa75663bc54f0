"""Where driver errors end."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import ExceptionContext, exc

from persistence.driver import NoAnswer
from persistence.exceptions import (
    Collision,
    Conflict,
    Doubtful,
    Locked,
    PersistenceError,
    Refused,
    Silent,
    Stale,
    StorageUnavailable,
    TooSlow,
)
from persistence.ways_out import with_way_out

# The longest beginning of a SQLSTATE that stands here tells its meaning; all others are `Refused`.
_MEANINGS: dict[str, type[PersistenceError]] = {
    "08": StorageUnavailable,
    "25": StorageUnavailable,
    "25P02": Refused,  # somebody went on after an error of his own
    "25P03": TooSlow,  # idle in a transaction for too long
    "25P04": TooSlow,  # transaction timeout
    "26": Stale,  # a prepared statement that the session does not have any more
    # 28, 3D: no rights or no database; 3F, 42, XX may be a trigger of one command's own, too.
    "28": StorageUnavailable,
    "3D": StorageUnavailable,
    "3F": Doubtful,
    "40": Conflict,
    "42": Doubtful,
    "42809": Refused,  # a view, which takes rows by INSERT and not by the COPY of a large batch
    "42P05": Stale,  # a prepared statement that the session should not have
    "53": StorageUnavailable,
    "55P03": Locked,
    "57": StorageUnavailable,
    "57014": TooSlow,
    "58": StorageUnavailable,
    "23505": Collision,
    "XX": Doubtful,
    "XX001": Refused,  # what is corrupt is a row, or a page
    "XX002": Refused,
}
# Among the errors 0A000, which only says "not supported": the function of the server that finds
# that a table has changed under a prepared statement. Its words may be in any language.
_CHANGED_PLAN = "RevalidateCachedQuery"

_SQLITE_UNIQUE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_SQLITE_CONFLICT = ("SQLITE_BUSY", "SQLITE_LOCKED")
_SQLITE_REFUSED = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_RANGE", "SQLITE_TOOBIG")

# What `Database.errors` counts.
ERRORS = (*{*_MEANINGS.values(), Silent, Collision, Refused},)

_DRIVERS = (psycopg.Error, sqlite3.Error)
# What SQLAlchemy says where it has no connection to give.
_NO_CONNECTION = (exc.DisconnectionError, exc.TimeoutError)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn every error of SQLAlchemy, a driver or the system into a `PersistenceError`."""
    try:
        yield
    except exc.DBAPIError as error:
        # SQLAlchemy's frames and it refer to each other, and they to all that the batch holds.
        error.__traceback__ = None
        raise _translate(error)(_message(error)) from error
    except _DRIVERS as error:  # from a call that SQLAlchemy does not know of
        raise _translate(_as_of_sqlalchemy(error))(_message(error)) from error
    except (*_NO_CONNECTION, OSError) as error:
        raise StorageUnavailable(_message(error)) from error
    except (exc.SQLAlchemyError, ValueError) as error:  # ValueError: of a row that cannot be read
        error.__traceback__ = None
        raise Refused(_message(error)) from error


def _as_of_sqlalchemy(error: Exception) -> exc.DBAPIError:
    wrapped = exc.DBAPIError.instance("", (), error, type(error))
    assert isinstance(wrapped, exc.DBAPIError)
    return wrapped


def name_of(error: type[PersistenceError]) -> str:
    """Return the error as people read it: `too-slow`."""
    return re.sub(r"(?!^)(?=[A-Z])", "-", error.__name__).lower()


def meaning_of(context: ExceptionContext) -> type[PersistenceError] | None:
    """Return what an engine's error means, where it is one of the database."""
    error = context.sqlalchemy_exception
    return _translate(error) if isinstance(error, exc.DBAPIError) else None


def renew_session(context: ExceptionContext) -> None:
    """Let the pool drop a connection with which it would go on failing; an engine's event.

    After a switchover, say, the old session stays read-only although the database is not any more.
    """
    error = context.sqlalchemy_exception
    if isinstance(error, exc.DBAPIError):
        error.is_of_our_engine = True  # type: ignore[attr-defined]  # what a handler raises may not
        if issubclass(_translate(error), StorageUnavailable | Stale):
            context.is_disconnect = True


def of_our_engine(error: Exception) -> PersistenceError | None:
    """Return what an error says that left a handler, where it is the answer of our database.

    A handler may have others to talk to; and what it raises itself is a bug of its own.
    """
    if isinstance(error, PersistenceError):
        return error
    if isinstance(error, exc.DBAPIError) and getattr(error, "is_of_our_engine", False):
        return _translate(error)(_message(error))
    return None


def _translate(error: exc.DBAPIError) -> type[PersistenceError]:
    if meaning := _of_driver(error.orig):
        return meaning
    lost = isinstance(error, exc.OperationalError | exc.InterfaceError)
    return StorageUnavailable if lost or error.connection_invalidated else Refused


def _of_driver(cause: object) -> type[PersistenceError] | None:
    """Return what the driver's error means by what the database said, if it said anything."""
    if isinstance(cause, NoAnswer):
        return Silent
    if name := getattr(cause, "sqlite_errorname", None):
        return _of_sqlite(name)
    if not (sqlstate := getattr(cause, "sqlstate", None)):
        return None
    if getattr(getattr(cause, "diag", None), "source_function", None) == _CHANGED_PLAN:
        return Stale
    return next((_MEANINGS[s] for n in (5, 2) if (s := sqlstate[:n]) in _MEANINGS), Refused)


def _of_sqlite(name: str) -> type[PersistenceError]:
    if name.startswith(_SQLITE_UNIQUE):
        return Collision
    if name.startswith(_SQLITE_CONFLICT):
        return Conflict
    if name == "SQLITE_SCHEMA":
        return Stale
    if name == "SQLITE_INTERRUPT":
        return TooSlow
    return Refused if name.startswith(_SQLITE_REFUSED) else StorageUnavailable


def _message(error: Exception) -> str:
    """Return the first line: the rest is SQL with its parameters, which may be secret."""
    cause = getattr(error, "orig", None) or error
    first = str(cause).strip().partition("\n")[0]
    return f"{type(cause).__name__}: {with_way_out(first)}"

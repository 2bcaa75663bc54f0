"""What each session sets for itself, so that no role, database or server setting breaks a promise.

Left to the administrator: what is read-only (an outage that must be seen), and the search path.
"""

import json
from typing import Any

import psycopg

from persistence.exceptions import Unsuitable

# Seconds without a word after which the server ends a session that migrates: it holds locks, and
# whoever was to let go of them may be frozen. A statement of hours is not silence.
SILENCE = 60.0

_POSTGRESQL = {
    # What is acknowledged is on disk; `remote_apply`, which promises more, stays as it is.
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "session_replication_role": "origin",  # else triggers and foreign keys sleep
    # What values look like on their way: numbers, times, bytes and texts as both sides read them.
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "array_nulls": "on",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    # What would end a session in the midst of its work, or never.
    "exit_on_error": "off",
    "transaction_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}

_TIME = "extract(epoch FROM clock_timestamp())::float8"

# Settings that this server does not know yet are left out: their current value is NULL.
_PREPARE = f"""
    SELECT {_TIME}, count(set_config(name, value, false))
    FROM json_each_text(%s::json) AS wanted (name, value)
    WHERE current_setting(name, true) <> value
    AND (name, current_setting(name, true)) <> ('synchronous_commit', 'remote_apply')
"""  # noqa: S608 - put together from constants of this module alone


def options_of_postgresql(deadline: float | None) -> str:
    """Return the options with which no inherited timeout ends a session before it is ours."""
    return " ".join(f"-c {name}={value}" for name, value in _timeouts(deadline).items())


def prepare_postgresql(connection: psycopg.Connection[Any], deadline: float | None) -> float:
    """Make the session ours, in one round trip; return the server's time in seconds since 1970.

    `deadline`: seconds that a statement may take, None for a session that migrates.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise Unsuitable(
            f"The database's encoding is {encoding}, which cannot hold every text that may come:",
            "make a new one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
        )
    wanted = json.dumps(_POSTGRESQL | _timeouts(deadline))
    try:
        return _first(connection, _PREPARE, (wanted,))
    except psycopg.errors.InsufficientPrivilege as error:
        raise Unsuitable(
            f"A setting of the role or the database is against our promises, and stays: {error}.",
            "Let an administrator take it back: ALTER ROLE … RESET, ALTER DATABASE … RESET.",
        ) from error


def time_of_postgresql(connection: psycopg.Connection[Any]) -> float:
    """Return the server's time in seconds since 1970."""
    return _first(connection, f"SELECT {_TIME}", ())


def _timeouts(deadline: float | None) -> dict[str, str]:
    names = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"
    seconds = 0.0, 0.0, SILENCE
    if deadline is not None:
        # A statement's time ends before our own deadline: an answer tells more than none. A handler
        # may take two heartbeats, each of which is two deadlines.
        seconds = deadline * 0.9, deadline / 3, 4 * deadline
    timeouts = {name: f"{int(s * 1000)}" for name, s in zip(names, seconds, strict=True)}
    idle = SILENCE if deadline is None else 0
    return {**timeouts, "idle_session_timeout": f"{int(idle * 1000)}"}


def _first(connection: psycopg.Connection[Any], query: Any, parameters: tuple[Any, ...]) -> float:
    """Ask outside of any transaction."""
    before, connection.autocommit = connection.autocommit, True
    row = connection.execute(query, parameters).fetchone()
    connection.autocommit = before
    assert row is not None
    return float(row[0])


def prepare_sqlite(connection: Any, *, migrates: bool) -> None:
    """Make the session ours."""
    connection.execute("PRAGMA synchronous = FULL")
    # A migration may make a table anew, and rows that refer to it must not go with the old one.
    connection.execute(f"PRAGMA foreign_keys = {'OFF' if migrates else 'ON'}")

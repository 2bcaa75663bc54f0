"""Connections of psycopg on which no wait is without an end."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import errors, pq
from sqlalchemy import URL

# Where there is no deadline, a server that has vanished is noticed within a minute or so.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

# Found in the words with which a pooler refuses options, and a server a setting that is younger.
_NO_OPTIONS = "options", "idle_session_timeout"


class NoAnswer(psycopg.OperationalError):
    """Our own deadline has passed."""


def connector(
    url: URL,
    deadline_now: Callable[[], float | None],
    session_options: Callable[[], str],
    prepare: Callable[[psycopg.Connection[Any]], None],
) -> Callable[[], psycopg.Connection[Any]]:
    """Return what opens a PostgreSQL connection on which no wait is longer than a deadline.

    `deadline_now` is asked at every wait, for seconds or None. `session_options` hold from the
    first moment, but not every server takes them. `prepare` makes the session ours, before
    SQLAlchemy asks it anything.

    libpq's timeouts do not see a peer whose system still acknowledges packets, or a proxy that
    swallows them; so the wait for an answer is bounded here, on our side of the socket.
    """

    class Connection(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            deadline = deadline_now()
            if timeout is not None or deadline is None:
                return super().wait(gen, interval, timeout)
            try:
                return super().wait(gen, interval, deadline)
            except errors._WaitTimeout as error:
                self.pgconn.finish()  # what is still to come would answer the wrong question
                raise NoAnswer(f"no answer within {deadline:g} s") from error

    takes_options = True
    arguments, options = url.get_dialect()().create_connect_args(url)
    options = {**_KEEPALIVES, "connect_timeout": max(2, int((deadline_now() or 0) / 2)), **options}

    def opened() -> psycopg.Connection[Any]:
        nonlocal takes_options
        if takes_options and "service" not in options:  # whose file may have options of its own
            given = options.get("options") or _options_of_environment()
            ours = {**options, "options": f"{given} {session_options()}"}
            try:
                return Connection.connect(*arguments, **ours)
            except psycopg.OperationalError as error:
                if not any(word in str(error) for word in _NO_OPTIONS):
                    raise
                takes_options = False
        return Connection.connect(*arguments, **options)

    def connect() -> psycopg.Connection[Any]:
        connection = opened()
        try:
            prepare(connection)
        except BaseException:  # whatever it is, it is raised again, and nobody else closes it
            connection.close()
            raise
        return connection

    return connect


def _options_of_environment() -> str:
    values = {default.keyword: default.val for default in pq.Conninfo.get_defaults()}
    return (values[b"options"] or b"").decode()

"""Connections of psycopg on which no wait is without an end."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import URL

# Where there is no deadline, a server that has vanished is noticed within a minute or so.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class NoAnswer(psycopg.OperationalError):
    """Our own deadline has passed."""


def connector(
    url: URL,
    deadline_now: Callable[[], float | None],
    prepare: Callable[[psycopg.Connection[Any]], None],
) -> Callable[[], psycopg.Connection[Any]]:
    """Return what opens a PostgreSQL connection on which no wait is longer than a deadline.

    `deadline_now` is asked at every wait, for seconds or None. `prepare` makes the session ours,
    before SQLAlchemy asks it anything.

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

    arguments, options = url.get_dialect()().create_connect_args(url)
    options = {**_KEEPALIVES, "connect_timeout": max(2, int((deadline_now() or 0) / 2)), **options}

    def connect() -> psycopg.Connection[Any]:
        connection = Connection.connect(*arguments, **options)
        try:
            prepare(connection)
        except BaseException:  # whatever it is, it is raised again, and nobody else closes it
            connection.close()
            raise
        return connection

    return connect

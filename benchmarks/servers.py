"""The broker and the database of a run: the ones of the environment, or private ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg

from benchmarks.processes import listener
from tools.servers import Say, postgresql, rabbitmq


@dataclass(frozen=True)
class Servers:
    """URLs as the worker takes them, and the process ids behind them where they can be seen."""

    amqp_url: str
    database_url: str

    @property
    def pids(self) -> dict[str, int | None]:
        return {
            "broker": listener(urlsplit(self.amqp_url).port or 5672),
            "database": listener(urlsplit(self.database_url).port or 5432),
        }

    def url(self, database: str) -> str:
        """Return the URL of another database of the same server."""
        return urlsplit(self.database_url)._replace(path=f"/{database}").geturl()

    def dsn(self, database: str) -> str:
        return self.url(database).replace("postgresql+psycopg://", "postgresql://", 1)

    def administer(self, *statements: str) -> None:
        database = urlsplit(self.database_url).path.lstrip("/")
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def servers(say: Say) -> Iterator[Servers]:
    """Yield running servers; the ones started here end here. `say` is told what is being done."""
    with rabbitmq(say) as amqp_url, postgresql(say) as database_url:
        yield Servers(amqp_url, database_url)

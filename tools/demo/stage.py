"""What the story needs around it: a broker, an empty database and a running worker."""

import os
import secrets
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from tools.processes import ServerFailed, ServerProcess, tail
from tools.workers import ROOT, only, start_worker


@dataclass
class Stage:
    """Names and settings of one demo; nobody else uses them."""

    name: str
    environment: Mapping[str, str]
    folder: Path
    process: ServerProcess | None = None

    @property
    def command_queue(self) -> str:
        return f"{self.name}.commands"

    @property
    def event_exchange(self) -> str:
        return f"{self.name}.events"

    @property
    def database(self) -> str:
        sqlite = self.environment["DATABASE_URL"].startswith("sqlite")
        return "a fresh SQLite file" if sqlite else "a fresh schema in DATABASE_URL"

    @property
    def queues(self) -> list[str]:
        return [self.command_queue, f"{self.command_queue}.dead"]

    def check_worker(self) -> None:
        """Raise `ServerFailed` with the end of its log if the worker has ended."""
        if self.process is None or not self.process.running:
            raise ServerFailed(f"The worker ended. The end of its log:\n{tail(self._log)}")

    @contextmanager
    def running_worker(self) -> Iterator[None]:
        self.process = start_worker(self.environment, self._log)
        try:
            yield
        finally:
            self.process.stop(signal.SIGTERM)

    @property
    def _log(self) -> Path:
        return self.folder / "worker.log"


@contextmanager
def stage(amqp_url: str) -> Iterator[Stage]:
    """Yield a stage on this broker, with an empty database; afterwards nothing is left of it."""
    name = f"demo-{secrets.token_hex(3)}"
    with (
        tempfile.TemporaryDirectory(prefix=".demo-", dir=ROOT) as folder,
        database(name, Path(folder)) as database_url,
    ):
        settings = {
            "COMPONENT_NAME": name,
            "AMQP_URL": amqp_url,
            "DATABASE_URL": database_url,
            "DRAIN_TIMEOUT": "5",
        }
        yield Stage(name, only(settings), Path(folder))


@contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an SQLite file, or of a schema in the PostgreSQL of DATABASE_URL."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgresql"):
        yield f"sqlite:///{folder / 'component.db'}"
        return
    # Beside whatever is there: a relay of our own must not publish somebody else's events.
    url = make_url(given)
    schema = sql.Identifier(name)
    _execute(url, sql.SQL("CREATE SCHEMA {}").format(schema))
    try:
        option = f"{url.query.get('options', '')} -csearch_path={name}".strip()
        inside = url.update_query_dict({"options": option})
        yield inside.render_as_string(hide_password=False)
    finally:
        _execute(url, sql.SQL("DROP SCHEMA {} CASCADE").format(schema))


def _execute(url: URL, statement: sql.Composed) -> None:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=10) as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        why = " ".join(str(error).split())
        raise ServerFailed(f"The database of DATABASE_URL cannot be used: {why}") from error

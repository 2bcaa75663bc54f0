"""Servers on demand: a RabbitMQ and a PostgreSQL, found or started, and gone at the end.

Each is the first of these that works: the URL in the environment, Docker Compose, server programs
that are installed, the system's package manager where we may use it.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import compose, packages
from tools.postgresql import PostgreSQLCluster, postgresql_programs, server_user
from tools.processes import ServerFailed, ServerMissing, ended_by_signals, free_port
from tools.rabbitmq import RabbitMQNode
from tools.rabbitmq_installation import chroot, rabbitmq_scripts

__all__ = [
    "PostgreSQLCluster",
    "RabbitMQNode",
    "ServerFailed",
    "ServerMissing",
    "free_port",
    "install_programs",
    "postgresql",
    "rabbitmq",
    "server_folder",
]

Say = Callable[[str], object]


def _in_silence(_: str) -> None:
    """Tell nobody what is being done."""


@contextmanager
def rabbitmq(say: Say = _in_silence) -> Iterator[str]:
    """Yield the AMQP URL of a RabbitMQ; `say` is told in a few words what is being done."""
    with ended_by_signals():
        if url := os.environ.get("AMQP_URL"):
            say("Using the RabbitMQ of AMQP_URL")
            yield url
        elif compose.is_available() and not chroot():
            say("Starting RabbitMQ with Docker Compose")
            with compose.service("broker") as address:
                yield f"amqp://{address}/%2F"
        else:
            with _private_rabbitmq(say) as node:
                yield node.url


@contextmanager
def postgresql(say: Say = _in_silence) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a database next to which others may be created."""
    with ended_by_signals():
        url = os.environ.get("DATABASE_URL", "")
        if url.startswith("postgresql"):
            say("Using the PostgreSQL of DATABASE_URL")
            yield url
        elif compose.is_available():
            say("Starting PostgreSQL with Docker Compose")
            with compose.service("database") as address:
                yield f"postgresql+psycopg://{address}/component"
        else:
            with _private_postgresql(say) as cluster:
                yield cluster.url()


def install_programs(say: Say = _in_silence) -> None:
    """Make sure that the programs of both are there, for who starts nodes and clusters himself."""
    _install_rabbitmq(say)
    _install_postgresql(say)


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """Yield a new folder that server users can reach, and remove it at the end."""
    base = None
    if server_user() and not _everybody_may_enter(Path(tempfile.gettempdir())):
        base = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
    folder.chmod(0o711)  # may be passed through, not listed
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _private_rabbitmq(say: Say) -> Iterator[RabbitMQNode]:
    _install_rabbitmq(say)
    say("Starting a private RabbitMQ")
    with server_folder("rabbitmq") as folder:
        node = RabbitMQNode(folder)
        try:
            node.start()
            yield node
        finally:
            node.stop()


@contextmanager
def _private_postgresql(say: Say) -> Iterator[PostgreSQLCluster]:
    _install_postgresql(say)
    say("Starting a private PostgreSQL")
    with server_folder("postgresql") as folder:
        cluster = PostgreSQLCluster(folder)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.kill()


def _install_rabbitmq(say: Say) -> None:
    with packages.one_at_a_time():
        if rabbitmq_scripts() is None:
            packages.install("rabbitmq-server", "RabbitMQ", "AMQP_URL", say)


def _install_postgresql(say: Say) -> None:
    with packages.one_at_a_time():
        if postgresql_programs() is None:
            packages.install("postgresql", "PostgreSQL", "DATABASE_URL", say)


def _everybody_may_enter(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))

"""A private PgBouncer in front of a PostgreSQL, for who wants to see what a pooler does to us."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

import psycopg

from tools import packages
from tools.postgresql import server_user
from tools.processes import LOOPBACK, ServerProcess, free_port, wait_until
from tools.servers import server_folder

_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@contextmanager
def pgbouncer(url: str, pool_mode: str, pool_size: int = 20) -> Iterator[str]:
    """Yield the URL by which the database of that URL is reached through a pooler."""
    program = _program()
    target, port, user = urlsplit(url), free_port(), server_user()
    pooled = f"postgresql+psycopg://anybody@{LOOPBACK}:{port}{target.path}"
    with server_folder("pgbouncer") as folder:
        configuration, log = folder / "pgbouncer.ini", folder / "pgbouncer.log"
        configuration.write_text(_configuration(url, port, pool_mode, pool_size))
        configuration.chmod(0o600)
        if user:
            shutil.chown(configuration, user)
        server = ServerProcess([program, configuration], log, os.environ, user)
        try:
            wait_until(lambda: _answers(pooled), server, "PgBouncer", log, 30)
            yield pooled
        finally:
            server.stop()


def _program() -> str:
    if shutil.which("pgbouncer", path=_PLACES) is None:
        packages.install("pgbouncer", "PgBouncer", None, lambda _: None)
    program = shutil.which("pgbouncer", path=_PLACES)
    assert program is not None
    return program


def _configuration(url: str, port: int, pool_mode: str, pool_size: int) -> str:
    target = urlsplit(url)
    place = {"host": target.hostname, "port": target.port or 5432, "user": target.username}
    if target.password:
        place["password"] = unquote(target.password)
    return f"""
[databases]
* = {" ".join(f"{name}={value}" for name, value in place.items())}
[pgbouncer]
listen_addr = {LOOPBACK}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {pool_mode}
default_pool_size = {pool_size}
"""


def _answers(url: str) -> bool:
    with suppress(psycopg.OperationalError):
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2).close()
        return True
    return False

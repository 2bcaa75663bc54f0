"""Private throwaway clusters of an installed PostgreSQL."""

import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from tools.processes import (
    LOOPBACK,
    ServerFailed,
    ServerMissing,
    ServerProcess,
    free_port,
    start_on_a_free_port,
    wait_until,
)

_HOMES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")


def postgresql_programs() -> Path | None:
    """Return the folder of an installed PostgreSQL's server programs, the newest one's."""
    found = [folder for pattern in _HOMES for folder in Path("/").glob(pattern)]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    complete = [f for f in found if (f / "initdb").exists() and (f / "postgres").exists()]
    return max(complete, key=_version, default=None)


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def server_user() -> str | None:
    """Return the system user PostgreSQL has to run as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


class PostgreSQLCluster:
    """One cluster with its own data folder and port, on the loopback interface only.

    `folder` holds data and log. As root, the server runs as the user `postgres`, who has to be
    able to reach the folder: make it with `tools.servers.server_folder`, not below a private one.
    `settings` are server settings, e.g. {"max_connections": "20"}; fsync is on.
    """

    def __init__(
        self, folder: Path, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        programs = postgresql_programs()
        if programs is None:
            raise ServerMissing("PostgreSQL is not installed.")
        self._programs = programs
        self._folder = folder.resolve()
        self._user = server_user()
        self._any_port = port is None
        self._port = port or free_port()
        self._settings = dict(settings or {})
        self._server: ServerProcess | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if self._server is None:
            raise ServerFailed("This PostgreSQL cluster is not running.")
        return self._server.pid

    def url(self, database: str = "postgres") -> str:
        """Return an SQLAlchemy URL."""
        return f"postgresql+psycopg://postgres@{LOOPBACK}:{self._port}/{database}"

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        with self._connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def start(self, timeout: float = 60) -> None:
        """Start the cluster, or start it again on its old data; return when it answers."""
        if not (self._folder / "data" / "PG_VERSION").exists():
            self._initialise()
        start_on_a_free_port(lambda: self._start(timeout), self._change_port)

    def stop(self) -> None:
        """Stop the cluster in order: sessions are ended, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it at once and without a checkpoint, as in a crash; `start` recovers.

        Not SIGKILL: that would leave sessions running for a moment, and shared memory behind.
        """
        self._end(signal.SIGQUIT)

    def _change_port(self) -> bool:
        if self._any_port:
            self._port = free_port()
        return self._any_port

    def _end(self, by: signal.Signals) -> None:
        if self._server is not None:
            self._server.stop(by)
            self._server = None

    def _start(self, timeout: float) -> None:
        log = self._folder / "output.log"
        options = {
            "port": str(self._port),
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            **self._settings,
        }
        arguments: list[str | Path] = [self._programs / "postgres", "-D", self._folder / "data"]
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        self._server = ServerProcess(arguments, log, _environment(), self._user, signal.SIGQUIT)
        try:
            wait_until(self._answers, self._server, "PostgreSQL", log, timeout)
        except BaseException:
            self.kill()
            raise

    def _initialise(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        done = subprocess.run(
            [
                *(self._programs / "initdb", "--pgdata", self._folder / "data", "--no-sync"),
                *("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"),
            ],
            env=_environment(),
            cwd="/",
            user=self._user,
            group=pwd.getpwnam(self._user).pw_gid if self._user else None,
            extra_groups=[] if self._user else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = f"PostgreSQL's data cannot be made in {self._folder}"
            raise ServerFailed(f"{reason}:\n{done.stdout.strip()}")

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        conninfo = f"host={LOOPBACK} port={self._port} user=postgres dbname=postgres"
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=2)


def _environment() -> dict[str, str]:
    # What the parent has set for another PostgreSQL must not reach this one.
    mine = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {**mine, "LC_ALL": "C.UTF-8"}

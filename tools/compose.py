"""Single services of docker-compose.yml, where a Docker engine runs."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tools.processes import ServerFailed, free_port

USER, PASSWORD = "component", "throwaway"  # of servers on loopback that go away soon
_FILE = Path(__file__).parent.parent / "docker-compose.yml"
_PORTS = {"broker": "BROKER_PORT", "database": "DATABASE_PORT"}


@cache
def is_available() -> bool:
    """Tell whether an engine answers and the compose plugin is there."""
    if shutil.which("docker") is None:
        return False
    return _works("docker", "info") and _works("docker", "compose", "version")


def _works(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@contextmanager
def service(name: str) -> Iterator[str]:
    """Run one service under a project name of its own; yield `user:password@host:port`."""
    project = f"ddd-component-{secrets.token_hex(4)}"
    ports = {variable: str(free_port()) for variable in (*_PORTS.values(), "MANAGEMENT_PORT")}
    passwords = {"BROKER_PASSWORD": PASSWORD, "DATABASE_PASSWORD": PASSWORD}
    environment = {**os.environ, **ports, **passwords}
    try:
        _compose(project, environment, "up", "--detach", "--wait", name)
        yield f"{USER}:{PASSWORD}@127.0.0.1:{ports[_PORTS[name]]}"
    finally:
        _compose(project, environment, "down", "--volumes", "--timeout", "5")


def _compose(project: str, environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [*("docker", "compose", "--file", _FILE, "--project-name", project), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"docker compose {arguments[0]} failed:\n{done.stdout.strip()}")

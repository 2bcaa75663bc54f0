"""The component as a program that is run from outside: `python -m worker …`."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from tools.processes import ServerProcess
from worker.settings import Settings

ROOT = Path(__file__).parent.parent


class WorkerFailed(Exception):
    """The worker could not do what it was asked to; the message is its own sentence."""


def only(settings: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with these settings of the component and no others."""
    names = {field.name.upper() for field in fields(Settings)}
    return {**{k: v for k, v in os.environ.items() if k not in names}, **settings}


def worker(environment: Mapping[str, str], *arguments: str) -> str:
    """Run one of the worker's commands to its end; return what it printed."""
    done = subprocess.run(
        _command(*arguments),
        env=_importable(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise WorkerFailed(f"`worker {arguments[0]}`: {lines[-1].removeprefix('Error: ')}")
    return done.stdout


def start_worker(environment: Mapping[str, str], log: Path | None = None) -> ServerProcess:
    """Start consumers and relay; they drain and end with us, at the latest."""
    environment = _importable(environment)
    return ServerProcess(_command("run"), log, environment, last_signal=signal.SIGTERM)


def start_console(environment: Mapping[str, str]) -> ServerProcess:
    """Start the console, which prints its address."""
    environment = _importable(environment)
    return ServerProcess(_command("console"), None, environment, last_signal=signal.SIGTERM)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "worker", *arguments]


def _importable(environment: Mapping[str, str]) -> dict[str, str]:
    # From any folder, and from this clone even if another one has been installed.
    paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}

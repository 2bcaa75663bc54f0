"""Runs a program of docs/from-your-library.md beside a component."""

import os
import subprocess
from pathlib import Path

from pika import URLParameters

from tests.support.system import System
from tools.libraries import Program, command


def outcome_of(program: Program, system: System, folder: Path) -> str:
    """Return what the program printed; only broker and names are other than on the page."""
    broker = URLParameters(system.amqp_url)
    text = program.text.replace("5672", str(broker.port)).replace("component.", f"{system.name}.")
    words, environment = command(program._replace(text=text), folder)
    done = subprocess.run(
        words,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr

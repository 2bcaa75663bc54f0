"""`worker …` as a person types it, in this process."""

import structlog
from click.testing import CliRunner, Result

from worker.cli import cli


def worker(*words: str, input: str | None = None) -> Result:
    """Return what the command line did; its logs are set up and taken back."""
    before = structlog.get_config()
    try:
        return CliRunner().invoke(cli, words, input=input)
    finally:
        structlog.configure(**before)

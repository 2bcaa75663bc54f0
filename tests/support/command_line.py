"""`worker …` as a person types it, in this process."""

from click.testing import CliRunner, Result

from worker.cli import cli


def worker(*words: str, input: str | None = None) -> Result:
    return CliRunner().invoke(cli, words, input=input)

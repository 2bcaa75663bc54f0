"""The command line: `python -m worker …`."""

import sys

import click

from persistence.exceptions import MappingError, PersistenceError, Unsuitable
from schemas.exceptions import CatalogueError
from worker.cli import dead, people, processes
from worker.exceptions import BrokerUnavailable, NotReplayable, SettingsError, TopologyMismatch


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """A component behind a command queue. Settings come from the environment; see the README."""


for command in (*processes.COMMANDS, *people.COMMANDS, dead.dead):
    cli.add_command(command)


def main() -> None:
    """Run the command line; what a person can mend is told in one sentence."""
    try:
        cli(prog_name="python -m worker")
    except SettingsError as error:
        _exit(f"{error}")
    except BrokerUnavailable as error:
        _exit(f"The broker cannot be used: {error}. Is AMQP_URL right, and is RabbitMQ running?")
    except CatalogueError as error:
        _exit(f"The messages do not fit together: {error}.")
    except MappingError as error:
        _exit(f"{error}.")
    except Unsuitable as error:
        _exit(str(error))
    except PersistenceError as error:
        _exit(f"The database cannot be used: {error}. Is DATABASE_URL right, and is it running?")
    except (NotReplayable, TopologyMismatch) as error:
        _exit(str(error))


def _exit(sentence: str) -> None:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)

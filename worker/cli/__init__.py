"""The command line: `python -m worker …`."""

import signal
import sys

import click
import structlog

from persistence.exceptions import MappingError, PersistenceError, Unsuitable
from schemas.exceptions import CatalogueError
from worker.cli import (
    audit,
    catalog,
    catalog_check,
    catalog_senders,
    console,
    dead,
    doctor,
    processes,
    sending,
    showing,
    waiting,
    watching,
)
from worker.cli.scaffold.new import new
from worker.cli.scaffold.remove import remove
from worker.exceptions import (
    BrokerUnavailable,
    ContractError,
    NotReplayable,
    QueueMissing,
    SettingsError,
    TopologyMismatch,
)
from worker.runtime.showing import harmless_lines, without_secrets
from worker.runtime.streams import leave, take_over
from worker.runtime.watchdog import show_stacks_on_signals

log = structlog.get_logger()


# The first that fits is taken: a schema that is behind is a persistence error, too.
SENTENCES: dict[type[Exception], str] = {
    SettingsError: "{}",
    BrokerUnavailable: "The broker cannot be used: {}. Is AMQP_URL right, and is RabbitMQ running?",
    QueueMissing: "{}",
    TopologyMismatch: "{}",
    CatalogueError: "The messages do not fit together: {}.",
    MappingError: "{}.",
    Unsuitable: "{}",
    NotReplayable: "{}",
    ContractError: "{}",
    PersistenceError: "The database cannot be used: {}. Is DATABASE_URL right, and is it running?",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """A component behind a command queue. Settings come from the environment; see the README."""


OF_PEOPLE = (
    sending.send,
    watching.watch,
    showing.show,
    dead.dead,
    waiting.waiting,
    audit.audit,
    catalog.catalog,
    console.console,
    doctor.doctor,
    new,
    remove,
)
catalog.catalog.add_command(catalog_check.check_command)
catalog.catalog.add_command(catalog_senders.senders_command)
for command in (*processes.COMMANDS, *OF_PEOPLE):
    cli.add_command(command)


def main() -> None:
    """Run the command line; what a person can mend is told in one sentence."""
    ours = [command.name for command in processes.COMMANDS]
    is_ours = bool(sys.argv[1:2]) and sys.argv[1] in ours
    take_over(output=is_ours)  # what a person asks for is worth waiting until it is read
    show_stacks_on_signals()
    if not is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        cli(prog_name="python -m worker")
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            if is_ours:
                raise  # the log gets it with its stack
            log.debug("what a person asked for failed", exc_info=True)
            sentence = f"{type(error).__name__}: {error}. LOG_LEVEL=debug shows where"
        click.echo(f"Error: {harmless_lines(without_secrets(sentence))}", err=True)
        if isinstance(error, OSError):
            leave(1)  # Python would try to write once more what nobody takes
        sys.exit(1)


def _sentence(error: Exception) -> str | None:
    """Return what a person should know of an error that is no bug."""
    for kind, sentence in SENTENCES.items():
        if isinstance(error, kind):
            return sentence.format(error)
    return None

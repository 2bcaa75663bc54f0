"""Publishing commands: one, or one a line."""

import json
import sys
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import IO, Any

import click

from schemas.codec import Codec, parse
from schemas.exceptions import Undecodable
from worker.amqp.broker import Broker
from worker.cli.lines import lines_of
from worker.cli.listing import as_json
from worker.cli.processes import prepare
from worker.cli.progress import progress
from worker.cli.talk import Talk
from worker.composition import compose
from worker.runtime.showing import harmless
from worker.sender import Draft, Sender, draft

STDIN = 0
PAUSE = 0.05  # seconds for the connection where there is nothing else to do


@click.command(short_help="Publish a command, or many.")
@click.argument("type")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]... | -")
@click.option("--file", type=click.File("rb"), help="Take the body from this file: JSON.")
@click.option(
    "--schema-version",
    "version",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Of the command.",
)
@click.option("--wait", is_flag=True, help="Wait for the outcome, and show it.")
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds to wait for the next outcome.",
)
@as_json
def send(
    type: str,
    fields: tuple[str, ...],
    file: IO[bytes] | None,
    version: int,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Publish a command: send entity.UpdateValue entity_id=… value=hello.

    FIELD=VALUE sends text, FIELD:=VALUE any JSON. Prints the body that was sent, or the outcome
    with --wait.

    With - each line of standard input is a command: a JSON object. A line that is wrong is told by
    its number and costs the others nothing.

    Exits with 1 if a command was wrong, refused by the broker, rejected, has failed or, with
    --wait, has no outcome in time.
    """
    settings = prepare()
    codec = compose(settings).codec
    many = fields == ("-",) and not file
    one = None if many else _draft_or_sentence(codec, type, fields, file, version)
    talk = Talk(many=many, wait=wait, as_json=as_json)
    with Broker(settings.amqp_url, f"{settings.component_name} send", settings.heartbeat) as broker:
        answered = talk.answered if wait else None
        sender = Sender(broker, settings.command_queue, talk.settled, answered)
        if one:
            talk.begin(one)
            sender.send(one)
            sender.finish()
            _wait(sender, talk, timeout)
        else:
            read = partial(_draft_of_line, codec, type, version)
            try:
                _send_lines(sender, talk, read, timeout)
            finally:  # also where the broker is lost, or somebody has enough
                talk.sum_up()
    sys.exit(1 if talk.went_wrong else 0)


def _send_lines(sender: Sender, talk: Talk, read: Callable[[bytes], Draft], timeout: float) -> None:
    with progress(talk, STDIN) as advance:
        for number, line in lines_of(STDIN, lambda: sender.step(PAUSE)):
            try:
                command = read(line)
            except Undecodable as error:
                talk.wrong(number, error)
            else:
                talk.begin(command, number)
                sender.send(command)
            advance(len(line) + 1)
        sender.finish()
        _wait(sender, talk, timeout, lambda: advance(0))


def _wait(
    sender: Sender, talk: Talk, timeout: float, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Wait for outcomes, if somebody wants them, as long as they come."""
    open, until = talk.open, monotonic() + timeout
    while talk.open and monotonic() < until:
        sender.step(PAUSE)
        if talk.open < open:
            open, until = talk.open, monotonic() + timeout
        meanwhile()
    if talk.open:
        talk.give_up(timeout)


def _draft_or_sentence(
    codec: Codec, type: str, fields: tuple[str, ...], file: IO[bytes] | None, version: int
) -> Draft:
    """Return the one command that is to be sent, or raise what a person can mend."""
    if file and fields:
        raise click.UsageError("Give FIELD=VALUE or --file, not both.")
    try:
        content = parse(file.read()) if file else dict(_field(field) for field in fields)
        return draft(codec, type, content, version)
    except Undecodable as error:
        raise click.ClickException(harmless(str(error))) from error


def _draft_of_line(codec: Codec, type: str, version: int, line: bytes) -> Draft:
    return draft(codec, type, parse(line), version)


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text!r} is not FIELD=VALUE.")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise click.UsageError(f"{value!r} is not JSON.") from error

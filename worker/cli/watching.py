"""Watching events as they are published."""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

import click
from rich.text import Text

from worker.amqp.broker import Broker
from worker.amqp.tail import tail
from worker.amqp.wire import Message, printable
from worker.cli.listing import as_json, console
from worker.cli.processes import prepare
from worker.runtime.showing import harmless, json_text
from worker.runtime.stop import StopFlag


@click.command(short_help="Print events as they are published.")
@click.option("--type", "types", multiple=True, help="Only events of this type, or of these.")
@click.option("--aggregate", type=click.UUID, metavar="ID", help="Only those of this aggregate.")
@click.option("--correlation", metavar="ID", help="Only what came of commands with this id.")
@as_json
def watch(
    types: tuple[str, ...], aggregate: UUID | None, correlation: str | None, as_json: bool
) -> None:
    """Print events as they are published, until Ctrl-C; as JSON lines where no terminal is."""
    settings = prepare()
    stop = StopFlag(drain_timeout=0)

    def hear(event: Message) -> None:
        if is_of_interest(event, types, aggregate, correlation):
            show_event(event, as_json=as_json)

    name = f"{settings.component_name} watch"
    with Broker(settings.amqp_url, name, settings.heartbeat) as broker:
        tail(broker, settings.event_exchange, hear)
        stop.install()  # nobody looks at it before, however long the broker takes
        click.echo(f"Watching {settings.event_exchange}; Ctrl-C ends it.", err=True)
        while not stop:
            broker.step(0.5)


def is_of_interest(
    event: Message, types: Collection[str], aggregate: UUID | None, correlation: str | None
) -> bool:
    of_type = not types or event.type in types
    of_aggregate = aggregate is None or event.headers.get("aggregate-id") == str(aggregate)
    return of_type and of_aggregate and correlation in {None, event.correlation_id}


def show_event(event: Message, *, as_json: bool = False) -> None:
    """Print an event or an outcome in a line: for people on a terminal, else as JSON."""
    if as_json or not console.is_terminal:
        click.echo(json_text(content_of(event)))
        return
    version = event.headers.get("aggregate-version")
    place = f" v{version} " if version else " "
    parts = (event.type or "-", "bold"), (place, "dim"), (_text(event.body), "")
    line = Text.assemble(*((harmless(text), style) for text, style in parts))
    console.print(line, soft_wrap=True)


def content_of(event: Message) -> dict[str, Any]:
    """Return what programs may want to know of it."""
    return {
        "type": event.type,
        "message_id": event.message_id,
        "correlation_id": event.correlation_id,
        "headers": {printable(name): value for name, value in event.headers.items()},
        "body": _json_or_text(event.body),
    }


def _json_or_text(body: bytes) -> Any:
    """Return what the body says; others may publish there what is no event."""
    try:
        return json.loads(body, parse_constant=str)
    except (ValueError, RecursionError):
        return _text(body)


def _text(body: bytes) -> str:
    return body.decode(errors="backslashreplace")

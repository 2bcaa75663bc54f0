"""The commands by which a person talks to the component."""

import json
from dataclasses import fields
from typing import Any
from uuid import UUID, uuid4

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.exceptions import NotFound
from persistence.migrating import check_schema
from schemas.exceptions import Undecodable
from worker.amqp.broker import Broker
from worker.amqp.publisher import Publisher
from worker.amqp.tail import tail
from worker.amqp.wire import Message, printable, properties_of_new_command
from worker.cli.processes import prepare
from worker.component import Aggregate, Component
from worker.composition import compose
from worker.exceptions import BrokerUnavailable
from worker.runtime.showing import harmless, json_text
from worker.runtime.stop import StopFlag

console = Console()


@click.command(short_help="Publish a command.")
@click.argument("type")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
def send(type: str, fields: tuple[str, ...]) -> None:
    """Publish a command: send entity.UpdateValue entity_id=… value=hello.

    FIELD=VALUE sends text, FIELD:=VALUE any JSON. Prints the body that was sent.
    """
    settings = prepare()
    content = {"command_id": str(uuid4()), **dict(_field(field) for field in fields)}
    component = compose(settings)
    try:
        command = component.codec.decode(type, component.codec.normal(type, content))
    except Undecodable as error:
        raise click.ClickException(harmless(str(error))) from error
    with Broker(settings.amqp_url, f"{settings.component_name} send", settings.heartbeat) as broker:
        properties = properties_of_new_command(type, str(command.command_id), broker.user)
        publisher = Publisher(broker)
        publisher.wait(lambda: publisher.ready)
        body = json_text(content)
        sending = publisher.publish("", settings.command_queue, body.encode(), properties)
        publisher.wait(lambda: not publisher.pending)
    if sending.returned:
        raise click.ClickException(
            f"There is no queue {settings.command_queue} on this broker. Is COMPONENT_NAME right,"
            " and has the worker been started, or `python -m worker declare`?"
        )
    if sending.nacked:
        raise BrokerUnavailable("it refused the message; the queue may be full")
    click.echo(body)


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


@click.command()
def watch() -> None:
    """Print events as they are published, until Ctrl-C."""
    settings = prepare()
    stop = StopFlag(drain_timeout=0)
    stop.install()
    name = f"{settings.component_name} watch"
    with Broker(settings.amqp_url, name, settings.heartbeat) as broker:
        tail(broker, settings.event_exchange, _print_event)
        click.echo(f"Watching {settings.event_exchange}; Ctrl-C ends it.", err=True)
        while not stop:
            broker.step(0.5)


def _print_event(message: Message) -> None:
    if console.is_terminal:
        version = message.headers.get("aggregate-version")
        place = f" v{version} " if version else " "
        parts = (message.type or "-", "bold"), (place, "dim"), (_text(message.body), "")
        line = Text.assemble(*((harmless(text), style) for text, style in parts))
        console.print(line, soft_wrap=True)
        return
    event = {
        "type": message.type,
        "message_id": message.message_id,
        "correlation_id": message.correlation_id,
        "headers": {printable(name): value for name, value in message.headers.items()},
        "body": _json_or_text(message.body),
    }
    click.echo(json_text(event))


def _json_or_text(body: bytes) -> Any:
    """Return what the body says; others may publish there what is no event."""
    try:
        return json.loads(body, parse_constant=str)
    except (ValueError, RecursionError):
        return _text(body)


def _text(body: bytes) -> str:
    return body.decode(errors="backslashreplace")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[TYPE] ID")
def show(words: tuple[str, ...]) -> None:
    """Print an aggregate as the query side sees it: show entity 0b9c….

    TYPE may be left out where the component has aggregates of one type only.
    """
    component = compose(prepare())
    aggregate, aggregate_id = _chosen(component, words)
    with component.read_database() as database:
        check_schema(database)
        try:
            view = component.queries(aggregate.name, database).get(aggregate_id)
        except NotFound as error:
            raise click.ClickException(str(error)) from error
    content = {aggregate.keys[0]: str(view.id), **_fields(view)}
    if not console.is_terminal:
        click.echo(json_text(content))
        return
    table = Table(show_header=False)
    for name, value in content.items():
        table.add_row(name, Text("-" if value is None else harmless(str(value))))
    console.print(table)


def _chosen(component: Component, words: tuple[str, ...]) -> tuple[Aggregate, UUID]:
    """Return which kind is meant, and which one of it."""
    kinds = {aggregate.name: aggregate for aggregate in component.aggregates}
    *kind, text = words
    if len(kind) > 1:
        raise click.UsageError("There are more words than TYPE and ID.")
    if not kind and len(kinds) != 1:
        raise click.UsageError(f"Say of which type it is: {', '.join(sorted(kinds))}.")
    name = kind[0] if kind else next(iter(kinds))
    if name not in kinds:
        raise click.UsageError(f"There is no type {name!r}, but {', '.join(sorted(kinds))}.")
    aggregate_id: UUID = click.UUID.convert(text, None, None)
    return kinds[name], aggregate_id


def _fields(view: Any) -> dict[str, Any]:
    """Return what a view shows besides its id."""
    return {f.name: getattr(view, f.name) for f in fields(view) if f.name != "id"}


COMMANDS = (send, watch, show)

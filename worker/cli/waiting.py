"""Looking at commands that wait for a retry, hurrying them, giving them up."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import click
from rich.progress import track

from persistence.audit import record
from persistence.migrating import check_schema
from persistence.waiting import Waiting
from worker.cli.listing import AGO, as_json, console, reading, show_list
from worker.cli.processes import prepare
from worker.component import Component
from worker.composition import compose
from worker.consumer.waiting import cancel, described

COLUMNS = "id", "type", "aggregate_id", "attempt", "due_at", "error"


@click.group()
def waiting() -> None:
    """Commands that failed and wait for their next attempt."""


def _filters(command: Any) -> Any:
    click.option("--since", type=AGO, help="Only what failed so lately, as 1h.")(command)
    return click.option("--type", help="Only commands of this type.")(command)


def _chosen(command: Any) -> Any:
    click.argument("ids", nargs=-1, type=click.UUID, metavar="ID... | --all")(command)
    click.option("--yes", is_flag=True, help="Do not ask.")(command)
    _filters(command)
    return click.option("--all", "everything", is_flag=True, help="All that fit.")(command)


@waiting.command("list")
@_filters
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@as_json
def list_command(type: str | None, since: timedelta | None, limit: int, as_json: bool) -> None:
    """List the commands that wait, the first due first."""
    component = compose(prepare())
    with reading(component.settings) as database:
        rows = Waiting(database, component.settings.component_name).soonest(limit, type, since)
    items = [asdict(described(component, row)) for row in rows]
    show_list(items, COLUMNS, "No command waits.", as_json=as_json)


@waiting.command("now")
@_chosen
def now_command(**options: Any) -> None:
    """Have commands sent again at once."""
    component = compose(prepare())
    with component.database:
        ids = _asked_for(component, "now", **options)
        hurried = _waiting(component).hurry(ids)
    click.echo(f"The relay will send {_commands(len(hurried))} again now.")
    _refuse_others([command_id for command_id in ids if command_id not in hurried])


@waiting.command("cancel", short_help="End commands as failed.")
@_chosen
def cancel_command(**options: Any) -> None:
    """End commands as failed: each becomes a dead letter, and its sender hears of it."""
    component = compose(prepare())
    with component.database:
        ids = _asked_for(component, "cancel", **options)
        shown = track(ids, "Cancelling", console=console, disable=not console.is_terminal)
        others = [command_id for command_id in shown if not cancel(component, command_id)]
    click.echo(f"Cancelled {_commands(len(ids) - len(others))}.")
    _refuse_others(others)


def _asked_for(
    component: Component,
    verb: str,
    *,
    ids: Sequence[UUID],
    everything: bool,
    type: str | None,
    since: timedelta | None,
    yes: bool,
) -> Sequence[UUID]:
    """Return which commands are meant, once somebody stands by it and it is written down."""
    if bool(ids) == everything or (ids and (type or since)):
        raise click.UsageError("Say ID… or --all; --type and --since go with --all.")
    check_schema(component.database)
    ids = list(dict.fromkeys(ids)) or _waiting(component).ids(type, since)
    if len(ids) > 1 and not yes:
        click.confirm(f"{len(ids)} commands: {verb}?", abort=True)
    parameters = {"type": type, "since": since and str(since), "commands": len(ids)}
    named = {"ids": [str(command_id) for command_id in ids]}
    name = component.settings.component_name
    record(component.database, name, f"waiting {verb}", parameters if everything else named)
    return ids


def _waiting(component: Component) -> Waiting:
    return Waiting(component.database, component.settings.component_name)


def _commands(count: int) -> str:
    return "1 command" if count == 1 else f"{count} commands"


def _refuse_others(ids: Sequence[UUID]) -> None:
    """Say which of them did not wait; the others are done."""
    if ids:
        named = ", ".join(str(command_id) for command_id in ids[:10])
        more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
        raise click.ClickException(f"Not waiting (any more): {named}{more}.")

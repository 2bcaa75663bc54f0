"""Looking at dead letters, sending them again, throwing them away."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from persistence.dead_letters import DeadLetterView, purge
from persistence.migrating import check_schema
from worker.cli.processes import prepare
from worker.composition import compose
from worker.consumer.replay import replay
from worker.runtime.showing import harmless, json_text

console = Console()


@click.group()
def dead() -> None:
    """Messages that were given up, each with its reason."""


@dead.command("list")
@click.option(
    "--kind", help="Only this kind, e.g. malformed, invalid, unknown-type, failed, crash."
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
def list_command(kind: str | None, limit: int) -> None:
    """List dead letters, the newest first."""
    component = compose(prepare())
    with component.read_database() as database:
        check_schema(database)
        letters = component.dead_letters(database).newest(kind, limit)
    if not console.is_terminal:
        for letter in letters:
            click.echo(json_text(_content(letter)))
        return
    if not letters:
        console.print("No dead letters.")
        return
    table = Table("id", Column("died at", no_wrap=True), "kind", "type", Column("reason", ratio=1))
    for letter in letters:
        died_at = letter.died_at.strftime("%m-%d %H:%M:%S")
        cells = str(letter.id), died_at, letter.kind, letter.type or "-", letter.reason
        # As it is: brackets are no markup in a sender's text.
        table.add_row(*(Text(harmless(cell)) for cell in cells))
    console.print(table)
    console.print("Details: python -m worker dead show ID", style="dim")


@dead.command("show")
@click.argument("letter_id", type=int)
def show_command(letter_id: int) -> None:
    """Print everything that is known of one dead letter."""
    component = compose(prepare())
    with component.read_database() as database:
        check_schema(database)
        letter = component.dead_letters(database).find(letter_id)
    if letter is None:
        raise click.ClickException(f"There is no dead letter {letter_id}.")
    click.echo(json_text(_content(letter), indent=2))


@dead.command("replay")
@click.argument("letter_id", type=int)
def replay_command(letter_id: int) -> None:
    """Send the command of a dead letter again, under its command_id."""
    component = compose(prepare())
    with component.database as database:
        check_schema(database)
        replay(component, letter_id)
    click.echo(f"The relay will send dead letter {letter_id} again.")


@dead.command("purge")
@click.option("--kind", help="Only this kind.")
@click.option(
    "--older-than",
    "days",
    default=30,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="Days.",
)
def purge_command(kind: str | None, days: int) -> None:
    """Throw old dead letters away."""
    component = compose(prepare())
    with component.database as database:
        check_schema(database)
        before = database.now() - timedelta(days=days)
        count = purge(database, component.settings.component_name, kind, before)
    click.echo(f"Purged {count} dead letters.")


def _content(letter: DeadLetterView) -> dict[str, Any]:
    return {
        **asdict(letter),
        "command_id": letter.command_id and str(letter.command_id),
        "body": letter.body.decode(errors="backslashreplace"),
        "died_at": letter.died_at.isoformat(),
    }

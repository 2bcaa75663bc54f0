"""Throwing dead letters away."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
from rich.progress import Progress

from persistence.audit import record
from persistence.dead_letters import DeadLetterViews, Selection
from persistence.dead_letters.purging import bites
from worker.cli import listing
from worker.cli.dead.choosing import choosing, chosen, letters, require_yes, writing
from worker.component import Component

OLD = 30  # days after which a letter is old, where nobody says otherwise


@click.command("purge")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@choosing
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(0, 36_500),
    help=f"Days; {OLD} where nothing is said.",
)
@click.option("--all", "of_any_age", is_flag=True, help="Of any age.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge_command(
    ids: tuple[int, ...], days: int | None, of_any_age: bool, yes: bool, **options: Any
) -> None:
    """Throw old dead letters away: those with these ids, or those that the options choose."""
    if of_any_age and days is not None:
        raise click.UsageError("--all is for letters of any age, --older-than for old ones.")
    with writing() as component:
        database, name = component.database, component.settings.component_name
        selection = chosen(database, ids, **options)
        if not (of_any_age or (ids and days is None)):
            selection = _old(selection, database.now() - timedelta(OLD if days is None else days))
        views = DeadLetterViews(database, name)
        selection = replace(selection, up_to=views.last())
        count = views.count(selection)
        if count:
            require_yes(f"Throw {letters(count)} away?", yes=yes)
        record(database, name, "dead purge", {**selection.described(), "letters": count})
        purged = _purge(component, selection, count)
    click.echo(f"Purged {purged} dead letters.")


def _old(selection: Selection, before: Any) -> Selection:
    """Choose only what died before then."""
    return replace(selection, until=min(before, selection.until or before))


def _purge(component: Component, selection: Selection, count: int) -> int:
    console = listing.console
    purged = 0
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("Purging", total=count)
        for gone in bites(component.database, component.settings.component_name, selection):
            purged += gone
            progress.update(task, completed=purged)
    return purged


COMMANDS = (purge_command,)

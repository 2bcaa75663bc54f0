"""Looking at dead letters: a page of them, or all that is known of one."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from persistence.dead_letters import DeadLetterView, DeadLetterViews
from worker.cli import listing
from worker.cli.dead.choosing import choosing, chosen
from worker.cli.listing import as_json, reading, show_list
from worker.cli.processes import prepare
from worker.runtime.showing import harmless, harmless_lines, json_text

COLUMNS = "id", "died_at", "kind", "type", "reason"


@click.command("list")
@choosing
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@click.option("--before", type=int, metavar="ID", help="The page that ends before this letter.")
@as_json
def list_command(limit: int, before: int | None, as_json: bool, **options: Any) -> None:
    """List dead letters, the newest first."""
    settings = prepare()
    with reading(settings) as database:
        views = DeadLetterViews(database, settings.component_name)
        page = views.newest(chosen(database, **options), limit, before)
    items = [content(letter) for letter in page]
    show_list(items, COLUMNS, "No dead letters.", as_json=as_json)
    if listing.console.is_terminal and not as_json and page:
        more = f" Older ones: --before {page[-1].id}." if len(page) == limit else ""
        listing.console.print(f"Details: python -m worker dead show ID.{more}", style="dim")


@click.command("show")
@click.argument("letter_id", type=int)
@as_json
def show_command(letter_id: int, as_json: bool) -> None:
    """Print everything that is known of one dead letter."""
    settings = prepare()
    with reading(settings) as database:
        letter = DeadLetterViews(database, settings.component_name).find(letter_id)
    if letter is None:
        raise click.ClickException(f"There is no dead letter {letter_id}.")
    if listing.console.is_terminal and not as_json:
        _show(letter)
    else:
        document = {**content(letter), "died_at": letter.died_at.isoformat()}
        click.echo(json_text(document, indent=2))


def content(letter: DeadLetterView) -> dict[str, Any]:
    """Return the letter as lists and programs see it."""
    values = asdict(letter)
    group = values.pop("fingerprint")
    return {
        **values,
        "group": group,
        "command_id": letter.command_id and str(letter.command_id),
        "body": letter.body.decode(errors="backslashreplace"),
    }


def _show(letter: DeadLetterView) -> None:
    table = Table(show_header=False)
    for name, value in content(letter).items():
        if name not in ("body", "body_bytes", "traceback", "errors", "properties", "attempts"):
            table.add_row(
                name.replace("_", " "), Text("-" if value is None else harmless(f"{value}"))
            )
    listing.console.print(table)
    cut = "" if letter.is_whole else f", the first {len(letter.body)} of {letter.body_bytes} bytes"
    _part("Errors by field", json_text(letter.errors, indent=2) if letter.errors else "")
    _part("Attempts", "\n".join(letter.attempts))
    _part("Traceback", letter.traceback or "")
    _part("Properties", json_text(letter.properties, indent=2))
    _part(f"Body{cut}", pretty(letter.body))


def _part(title: str, text: str) -> None:
    """Print a part that is not empty; its lines stay as they are, however long."""
    if text:
        listing.console.print(f"\n{title}", style="bold")
        listing.console.print(Text(harmless_lines(text.rstrip())), soft_wrap=True)


def pretty(body: bytes) -> str:
    """Return the body for people: JSON in its layout, all else as it is."""
    try:
        return json_text(json.loads(body), indent=2)
    except (ValueError, RecursionError):
        return body.decode(errors="backslashreplace")


COMMANDS = list_command, show_command

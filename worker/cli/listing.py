"""How the command line shows a list: a table for people, JSON for programs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from persistence.database import Database
from persistence.migrating import check_schema
from worker.runtime.showing import harmless, json_text
from worker.settings import Settings

console = Console()

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@contextmanager
def reading(settings: Settings) -> Iterator[Database]:
    """Give the component's own database, to read; raise `DatabaseBehind` where it is."""
    url, deadline = settings.database_url, settings.database_deadline
    with Database(url, deadline, read_only=True) as database:
        check_schema(database)
        yield database


def show_list(
    items: Sequence[dict[str, Any]], columns: Iterable[str], empty: str, *, as_json: bool
) -> None:
    """Print the items: one JSON array, or a table on a terminal, or else JSON lines.

    `columns`: what of each item the table has room for, by its name in the JSON.
    """
    if as_json:
        click.echo(json_text(items, indent=2))
    elif console.is_terminal:
        console.print(_table(items, columns) if items else empty)
    else:
        for item in items:
            click.echo(json_text(item))


def _table(items: Iterable[dict[str, Any]], columns: Iterable[str]) -> Table:
    columns = list(columns)
    table = Table(*(column.replace("_", " ") for column in columns))
    for item in items:
        # As it is: brackets are no markup in a sender's text.
        table.add_row(*(Text(_cell(item[column])) for column in columns))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return harmless(value if isinstance(value, str) else json_text(value))

"""How the command line shows a list: a table for people, JSON for programs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from persistence.database import Database
from persistence.migrating import check_schema
from worker.runtime.showing import harmless, json_text
from worker.settings import Settings

console = Console()

WIDE = 120  # columns of a terminal

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _Ago(click.ParamType[timedelta]):
    """A time until now, in a number and a unit."""

    name = "AGO"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> timedelta:
        number, unit = value[:-1], value[-1:]
        if unit not in _UNITS or not number.isdecimal() or len(number) > 5:
            self.fail(f"{value!r} is not a time such as 90s, 30m, 1h or 7d.", parameter, context)
        return timedelta(**{_UNITS[unit]: int(number)})


AGO = _Ago()
as_json = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


@contextmanager
def reading(settings: Settings) -> Iterator[Database]:
    """Give the component's own database, to read; raise `DatabaseBehind` where it is."""
    url, deadline = settings.database_url, settings.database_deadline
    with Database(url, deadline, read_only=True) as database:
        check_schema(database)
        yield database


def show_list(
    items: Sequence[dict[str, Any]], columns: Sequence[str], empty: str, *, as_json: bool
) -> None:
    """Print the items: one JSON array, or a table on a terminal, or else JSON lines.

    `columns`: what of each item a wide table has room for, by its name in the JSON; a narrow one
    leaves the ids of other things out.
    """
    if console.is_terminal and not as_json:
        console.print(_table(items, columns) if items else empty)
        return
    plain = [{name: _plain(value) for name, value in item.items()} for item in items]
    for document in [plain] if as_json else plain:
        click.echo(json_text(document, indent=2 if as_json else None))


def _table(items: Iterable[dict[str, Any]], columns: Sequence[str]) -> Table:
    if console.width < WIDE:
        columns = [name for name in columns if not name.endswith("_id")]
    heads = (
        Column(name.replace("_", " "), no_wrap=name in {"id", "attempt"}, overflow="fold")
        for name in columns
    )
    table = Table(*heads)
    for item in items:
        # As it is: brackets are no markup in a sender's text.
        table.add_row(*(Text(_cell(item[name])) for name in columns))
    return table


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%m-%d %H:%M:%S")
    return harmless(json_text(value) if isinstance(value, dict) else str(value))

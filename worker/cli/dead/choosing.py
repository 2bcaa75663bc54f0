"""Which dead letters are meant: the options that the commands share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from persistence.database import Database
from persistence.dead_letters import EVERY, Selection
from persistence.dead_letters.filling import fill_in
from persistence.migrating import check_schema
from worker.cli.listing import AGO
from worker.cli.processes import prepare
from worker.component import Component
from worker.composition import compose

C = TypeVar("C", bound=Callable[..., None])


class _Moment(click.ParamType[Any]):
    """A time: so long ago, or as ISO 8601 writes it."""

    name = "TIME"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> timedelta | datetime:
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            ago: timedelta = AGO.convert(value, parameter, context)
            return ago
        return time.astimezone() if time.tzinfo is None else time


MOMENT = _Moment()
_OPTIONS = (
    click.option("--kind", help="Only this kind, e.g. malformed, invalid, failed, crash."),
    click.option("--type", help="Only messages of this type."),
    click.option("--aggregate", type=click.UUID, metavar="ID", help="Only what names this id."),
    click.option("--group", metavar="GROUP", help="Only this group: see `dead groups`."),
    click.option("--since", type=MOMENT, help="Only what died since: 1h, 2d, or an ISO time."),
    click.option("--until", type=MOMENT, help="Only what died before: 1h, 2d, or an ISO time."),
    click.option("--text", help="Only what says this in its reason, traceback or body."),
)


def choosing(command: C) -> C:
    """Give a command the options that `chosen` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(database: Database, ids: tuple[int, ...] = (), **options: Any) -> Selection:
    """Return what the options choose; times are counted back from the database's now."""
    for name in ("since", "until"):
        if isinstance(options[name], timedelta):
            options[name] = database.now() - options[name]
    return Selection(ids=ids, **options)


def is_anything(selection: Selection) -> bool:
    """Tell whether somebody has chosen at all."""
    return selection != EVERY


@contextmanager
def writing() -> Iterator[Component]:
    """Give the component, with a database in which every letter has its group."""
    component = compose(prepare())
    with component.database as database:
        check_schema(database)
        fill_in(database, component.settings.component_name)
        yield component


def letters(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count} dead letters"


def require_yes(question: str, *, yes: bool) -> None:
    """Ask, unless somebody has said yes already."""
    try:
        if yes or click.confirm(question):
            return
    except click.Abort:
        click.echo(err=True)
    raise click.ClickException("Nothing was done; --yes answers beforehand.")

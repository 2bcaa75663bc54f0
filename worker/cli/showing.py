"""Looking at an aggregate."""

from dataclasses import fields
from typing import Any
from uuid import UUID

import click
from rich.table import Table
from rich.text import Text

from domain.exceptions import NotFound
from persistence.migrating import check_schema
from worker.cli.listing import as_json, console
from worker.cli.processes import prepare
from worker.component import Aggregate, Component
from worker.composition import compose
from worker.runtime.showing import harmless, json_text


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[TYPE] ID")
@as_json
def show(words: tuple[str, ...], as_json: bool) -> None:
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
    if as_json or not console.is_terminal:
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

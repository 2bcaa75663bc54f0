"""Why an aggregate cannot be removed yet, each in one sentence with the way out."""

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module

import click

from persistence.database import Database
from persistence.leftovers import leftovers
from persistence.tables import referring_to, tables_of
from schemas.message import CommandSchema
from worker.cli.scaffold import sample
from worker.cli.scaffold.entry import FILE
from worker.cli.scaffold.imports import LAYERS, importers
from worker.cli.scaffold.names import Name
from worker.component import Aggregate


def require_unused(name: Name) -> None:
    """Refuse while other code of the component needs the aggregate."""
    product = tuple(f"{folder}/" for folder in (*LAYERS, "worker"))
    users = [path for path in other_importers(name) if path.startswith(product)]
    users += referring_to(tables_of(sample.ROOT / "persistence" / name.package))
    users += [a.name for a in _aggregates() if _aggregate(name).name in a.others.values()]
    if users:
        raise click.ClickException(
            f"{name.package} is needed by {', '.join(users)}: change that first."
            " Nothing was changed."
        )


def require_nothing_left(name: Name, database: Database) -> None:
    """Refuse while the database has something of the aggregate."""
    schemas = _aggregate(name).schemas
    commands = [schema.type for schema in schemas if issubclass(schema, CommandSchema)]
    events = [schema.type for schema in schemas if schema.type not in commands]
    tables = tables_of(sample.ROOT / "persistence" / name.package)
    if left := leftovers(database, tables, commands, events):
        raise click.ClickException(
            f"{database.url.render_as_string()} still has of {name.package}: {', '.join(left)}."
            " Let the worker finish, delete rows and dead letters (`dead purge`), or name another"
            " database by DATABASE_URL. Nothing was changed."
        )


def require_kept(
    files: Sequence[str], made: Mapping[str, str], kept: Collection[str] | None
) -> None:
    """Refuse to delete what nobody could bring back; where there is no git, a person is asked."""
    if kept is None:
        return
    for path in files:
        if path not in kept and not sample.holds(path, made.get(path)):
            raise click.ClickException(
                f"{path} is in no commit as it is now: commit it first, then git can bring it"
                " back. Nothing was changed."
            )


def other_importers(name: Name) -> list[str]:
    """Return the files that import what belongs to the aggregate, its own and the list aside."""
    own = {FILE, *sample.files(name)}
    return [path for path in importers(sample.ROOT, name.package) if path not in own]


def _aggregates() -> tuple[Aggregate, ...]:
    aggregates: tuple[Aggregate, ...] = import_module("worker.aggregates").AGGREGATES
    return aggregates


def _aggregate(name: Name) -> Aggregate:
    """Return the aggregate whose commands are in this package."""
    module = f"domain.{name.package}."
    return next(a for a in _aggregates() if a.commands.__name__.startswith(module))

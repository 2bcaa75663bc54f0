"""`new aggregate NAME`: another aggregate, made from the sample by renaming."""

import click

from persistence.tables import NextMigration
from worker.cli.scaffold import sample
from worker.cli.scaffold.changes import Changes
from worker.cli.scaffold.entry import FILE, Entries
from worker.cli.scaffold.formatting import formatted
from worker.cli.scaffold.names import Name, parse, require_own

dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group(short_help="Begin an aggregate of your own.")
def new() -> None:
    """Begin something of your own."""


@new.command("aggregate", short_help="Begin an aggregate.")
@click.argument("name")
@dry_run_option
def new_aggregate(name: str, dry_run: bool) -> None:
    """Begin an aggregate: new aggregate account, new aggregate shopping-cart.

    Makes its domain, schemas, table, migration, scenarios and an example of a client, and lists it
    in worker/aggregates.py. Nothing that is there is overwritten.
    """
    called = parse(name)
    require_own(called)
    _require_free(called)
    changes = Changes(sample.ROOT, formatted(sample.ROOT, _texts(called)))
    changes.show()
    if dry_run:
        click.echo("Nothing was written.")
        return
    changes.make()
    click.echo(
        f"Next: `python -m worker migrate`, then `pytest tests/features/test_{called.package}.py`."
        " One scenario is red and says where your rule goes. On the wire its commands are called"
        f" {called.package}.Create and so on; `python -m examples.{called.package}` sends some."
    )


def _require_free(name: Name) -> None:
    """Refuse a name that something else has, or that would mean two things."""
    if name.package in Entries((sample.ROOT / FILE).read_text()).packages:
        raise click.ClickException(
            f"There is an aggregate {name.package} already; nothing was changed."
        )
    for obstacle in sample.obstacles(name):
        raise click.ClickException(
            f"{name.package} cannot be taken, as {obstacle}: take another name, such as"
            f" my-{name.package.replace('_', '-')}. Nothing was changed."
        )


def _texts(name: Name) -> dict[str, str]:
    """Return the files, the one that is edited at the end: what it imports is there by then."""
    number = NextMigration()
    return {
        **sample.drafts(name),
        number.path(name.package): sample.migration(name, number),
        FILE: sample.aggregates_with(name),
    }

"""What came of replays, from the tables."""

from dataclasses import asdict

import click

from persistence.operations import Operation, Operations
from persistence.settling import settle_all
from worker.cli.dead.choosing import writing
from worker.cli.listing import as_json, show_list

COUNTS = "asked", "sent", "applied", "rejected", "failed_again", "waiting", "skipped", "cancelled"
COLUMNS = "id", "began_at", "actor", "selection", "state", *COUNTS


@click.command("operations")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@click.option("--before", type=int, metavar="ID", help="Only operations before this one.")
@as_json
def operations_command(limit: int, before: int | None, as_json: bool) -> None:
    """List replays, and what came of them; the newest first."""
    with writing() as component:
        database, name = component.database, component.settings.component_name
        settle_all(database, name)
        found = Operations(database, name).latest(limit, before)
    items = [asdict(operation) for operation in found]
    show_list(items, COLUMNS, "Nothing was replayed.", as_json=as_json)


def summary(operation: Operation) -> str:
    """Return in a line what came of an operation so far."""
    counts = ((name, getattr(operation, name)) for name in COUNTS)
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts if count)
    return f"Operation {operation.id} is {operation.state}: {told or 'nothing to do'}."


COMMANDS = (operations_command,)

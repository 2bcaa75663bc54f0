"""The command that tells who still sends which version."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from persistence.migrating import check_schema
from persistence.senders import Seen, seen_senders
from worker.cli.processes import prepare
from worker.composition import compose
from worker.runtime.showing import harmless, json_text

console = Console()


@click.command("senders")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def senders_command(as_json: bool) -> None:
    """Tell who has sent which version of which command, and when last.

    A sender is the property app_id, or user_id where there is none. Written every few seconds.
    """
    component = compose(prepare())
    with component.read_database() as database:
        check_schema(database)
        seen = seen_senders(database, component.settings.component_name)
    if as_json:
        click.echo(json_text([_content(one) for one in seen], indent=2))
        return
    if not seen:
        click.echo("No command has come yet.")
        return
    table = Table("type", "version", "sender", "first seen", "last seen", "commands")
    for one in seen:
        times = (f"{at:%Y-%m-%d %H:%M}" for at in (one.first_seen, one.last_seen))
        cells = one.type, str(one.version), one.sender, *times, str(one.commands)
        table.add_row(*(Text(harmless(cell)) for cell in cells))
    console.print(table)


def _content(one: Seen) -> dict[str, Any]:
    times = {"first_seen": one.first_seen.isoformat(), "last_seen": one.last_seen.isoformat()}
    return {"id": f"{one.type}/{one.version}/{one.sender}", **one._asdict(), **times}

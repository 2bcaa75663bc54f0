"""Looking at what people have done."""

from dataclasses import asdict

import click

from persistence.audit import AuditEntries
from worker.cli.listing import as_json, reading, show_list
from worker.cli.processes import prepare
from worker.runtime.showing import json_text


@click.group()
def audit() -> None:
    """What people have done, by whom, when and with which parameters."""


@audit.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@click.option("--before", type=int, metavar="ID", help="Only what was done before this entry.")
@as_json
def list_command(limit: int, before: int | None, as_json: bool) -> None:
    """List what was done, the newest first."""
    settings = prepare()
    with reading(settings) as database:
        entries = AuditEntries(database, settings.component_name).newest(limit, before)
    items = [asdict(entry) for entry in entries]
    show_list(items, ("id", "at", "actor", "action", "parameters"), "Nothing.", as_json=as_json)


@audit.command("export")
def export_command() -> None:
    """Print everything that was done as JSON lines, the oldest first."""
    settings = prepare()
    with reading(settings) as database:
        for entry in AuditEntries(database, settings.component_name).all():
            click.echo(json_text({**asdict(entry), "at": entry.at.isoformat()}))

"""The command that tells who still sends which version."""

import click

from persistence.senders import seen_senders
from worker.cli.listing import as_json, reading, show_list
from worker.cli.processes import prepare


@click.command("senders")
@as_json
def senders_command(as_json: bool) -> None:
    """Tell who has sent which version of which command, and when last.

    A sender is the property app_id, or user_id where there is none. Written every few seconds.
    """
    settings = prepare()
    with reading(settings) as database:
        seen = seen_senders(database, settings.component_name)
    items = [{"id": f"{one.type}/{one.version}/{one.sender}", **one._asdict()} for one in seen]
    columns = ("type", "version", "sender", "first_seen", "last_seen", "commands")
    show_list(items, columns, "No command has come yet.", as_json=as_json)

"""Looking at dead letters, sending them again, throwing them away."""

import click

from worker.cli.dead import carrying, groups, looking, operations, purging, replaying


@click.group()
def dead() -> None:
    """Messages that were given up, each with its reason."""


for room in (looking, groups, replaying, operations, purging, carrying):
    for command in room.COMMANDS:
        dead.add_command(command)

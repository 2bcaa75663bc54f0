"""docs/command-line.md names every command that there is."""

from collections.abc import Iterator

import click

from tests.support.project import ROOT
from worker.cli import cli


def commands(group: click.Group, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


def test_the_reference_names_every_command():
    text = (ROOT / "docs" / "command-line.md").read_text()
    names = list(commands(cli, "worker"))
    assert len(names) > 10
    assert [name for name in names if f"`{name}" not in text] == []

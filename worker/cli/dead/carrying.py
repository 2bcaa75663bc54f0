"""Dead letters to a file and back."""

from collections.abc import Iterator
from typing import IO, Any

import click

from persistence.audit import record
from persistence.dead_letters import DeadLetterView, DeadLetterViews
from persistence.dead_letters.importing import import_letters
from worker.cli.dead.choosing import choosing, chosen, letters, writing
from worker.cli.listing import reading
from worker.cli.processes import prepare
from worker.dead.lines import from_line, to_line
from worker.exceptions import NotALetter
from worker.runtime.showing import harmless


@click.command("export")
@choosing
@click.option("--output", type=click.File("w", "utf-8"), default="-", help="A file; else stdout.")
def export_command(output: IO[str], **options: Any) -> None:
    """Write dead letters as JSON lines, whole and exact; they stay."""
    settings = prepare()
    with reading(settings) as database:
        views = DeadLetterViews(database, settings.component_name)
        for letter in views.walk(chosen(database, **options)):
            output.write(f"{to_line(letter)}\n")


@click.command("import")
@click.argument("source", type=click.File("r", "utf-8"), metavar="FILE")
def import_command(source: IO[str]) -> None:
    """Store what `dead export` has written, each letter once; - reads standard input.

    A letter that is there already is left as it is; a wrong line costs not the others.
    """
    wrong: list[str] = []
    with writing() as component:
        name = component.settings.component_name
        record(component.database, name, "dead import", {"file": source.name})
        stored, seen = import_letters(component.database, name, _letters(source, wrong))
    click.echo(f"Imported {letters(stored)}; {seen - stored} of {seen} were there already.")
    for sentence in wrong[:10]:
        click.echo(harmless(sentence), err=True)
    if wrong:
        raise click.ClickException(f"Lines that are no dead letter: {len(wrong)}.")


def _letters(source: IO[str], wrong: list[str]) -> Iterator[DeadLetterView]:
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            yield from_line(line)
        except NotALetter as error:
            wrong.append(f"Line {number} is no dead letter: {error}.")


COMMANDS = export_command, import_command

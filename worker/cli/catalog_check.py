"""The command that tells whom a change of the messages breaks."""

from datetime import UTC, datetime
from pathlib import Path

import click

from worker.cli.catalog import described
from worker.cli.listing import reading
from worker.cli.processes import prepare
from worker.compatibility.accepted import read_accepted
from worker.compatibility.check import check, read_released
from worker.compatibility.waiting import unreadable
from worker.component import Component
from worker.composition import compose
from worker.runtime.showing import harmless

FOLDER = Path("contract")


@click.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--live", is_flag=True, help="Also count what waits in the database and could not be read."
)
def check_command(files: tuple[Path, ...], live: bool) -> None:
    """Compare the messages with released contracts: FILES, or all of contract/*.json.

    Exits 1 where others' programs would break. Exceptions are in contract/accepted.toml.
    """
    settings = prepare()
    component = compose(settings)
    released = read_released(files or sorted(FOLDER.glob("*.json")))
    if not released:
        click.echo(
            "There is no released contract to compare with. Record one:"
            " worker catalog --release 1.0.0 > contract/1.0.0.json"
        )
    now = described(component, "this")
    accepted = read_accepted(FOLDER / "accepted.toml")
    report = check(now, released, accepted, datetime.now(UTC).date())
    broken = [*report.broken, *(_unreadable(component) if live else ())]
    for sentence in (*report.told, *broken):
        click.echo(harmless(sentence), err=sentence in broken)
    if broken:
        raise click.ClickException(
            f"{len(broken)} of the changes would break others; docs/changes.md lists what may be"
            " changed."
        )
    if released:
        click.echo(f"The messages fit what was released: {', '.join(released)}.")


def _unreadable(component: Component) -> list[str]:
    with reading(component.settings) as database:
        return [
            f"error: {count} {place} of {type} version {version} cannot be read: {reason}"
            for (place, type, version, reason), count in unreadable(component, database).items()
        ]

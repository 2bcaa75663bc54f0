"""`make chaos MINUTES=10`."""

import sys

import click
from rich.console import Console
from rich.table import Table

from tests.chaos.run import Outcome, run


@click.command()
@click.option("--minutes", default=3.0, show_default=True)
def main(minutes: float) -> None:
    """Break things for some minutes, then count what was lost, doubled, out of order, dead."""
    console = Console()
    with console.status("starting private servers") as status:
        outcome = run(minutes, status.update)
    console.print(_faults(outcome))
    console.print(_harm(outcome))
    for problem in outcome.report.problems[:20]:
        console.print(f"[red]{problem}[/]")
    sys.exit(1 if outcome.report.problems else 0)


def _faults(outcome: Outcome) -> Table:
    table = Table("fault", "times", title="Injected, each proven to have happened")
    for name, times in sorted(outcome.injected.items()):
        table.add_row(name.replace("_", " "), str(times))
    return table


def _harm(outcome: Outcome) -> Table:
    report = outcome.report
    table = Table(
        "commands", "published", "events heard", "lost", "doubled", "out of order", "wrongly dead"
    )
    table.add_row(
        *map(str, (outcome.commands, outcome.published, outcome.heard)),
        *(
            str(len(x))
            for x in (report.lost, report.doubled, report.out_of_order, report.wrongly_dead)
        ),
    )
    return table


if __name__ == "__main__":
    main()

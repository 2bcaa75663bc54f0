"""`make chaos MINUTES=10`."""

import sys
from math import ceil

import click
from rich.console import Console
from rich.table import Table

from tests.chaos.faults import CLUSTER_FAULTS, LONG_FAULTS
from tests.chaos.run import EACH_A_MINUTE, Outcome, Plan, run
from tools.processes import ServerFailed

LONG = 10  # minutes from which on a cluster is tried, too


@click.command()
@click.option("--minutes", default=3.0, show_default=True)
@click.option("--cluster/--no-cluster", "only_cluster", default=None, help="Only a cluster, or no.")
def main(minutes: float, only_cluster: bool | None) -> None:
    """Break things for some minutes, then count what was lost, doubled, out of order, dead."""
    console = Console()
    well = True
    try:
        if not only_cluster:
            with console.status("starting private servers") as status:
                outcome = run(Plan.of(minutes), status.update, LONG_FAULTS)
            well = _show(console, outcome)
        if only_cluster or (only_cluster is None and minutes >= LONG):
            plan = Plan(0, ceil(EACH_A_MINUTE * minutes), {})
            with console.status("starting a private cluster") as status:
                outcome = run(plan, status.update, CLUSTER_FAULTS, nodes=3)
            well = _show(console, outcome) and well
    except ServerFailed as failure:
        console.print(f"[bold red]Not done:[/] {failure}", highlight=False)
        well = False
    sys.exit(0 if well else 1)


def _show(console: Console, outcome: Outcome) -> bool:
    """Print what a run found; return whether all is well."""
    for table in (_faults(outcome), _done(outcome), _harm(outcome)):
        console.print(table)
    for problem in outcome.report.problems[:20]:
        console.print(f"[red]{problem}[/]")
    return not outcome.report.problems and not outcome.restarted


def _faults(outcome: Outcome) -> Table:
    table = Table(
        "fault",
        "injected",
        "noticed",
        title="Injected, each proven to have happened; noticed: a process of ours ended or said so",
    )
    for name, times in sorted(outcome.injected.items()):
        table.add_row(name, str(times), str(outcome.noticed[name]))
    table.add_row("repeats by the sender, out of order", str(outcome.published - outcome.commands))
    return table


def _done(outcome: Outcome) -> Table:
    table = Table(*outcome.done, "processes that ended of themselves")
    table.add_row(*map(str, outcome.done.values()), str(outcome.restarted))
    return table


def _harm(outcome: Outcome) -> Table:
    report = outcome.report
    harm = (report.lost, report.doubled, report.out_of_order, report.wrongly_dead)
    names = ("lost", "doubled", "out of order", "wrongly dead-lettered")
    table = Table("commands", "published", "events heard", *names)
    table.add_row(
        *map(str, (outcome.commands, outcome.published, outcome.heard)),
        *(str(len(x)) for x in harm),
    )
    return table


if __name__ == "__main__":
    main()

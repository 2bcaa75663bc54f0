"""`python -m benchmarks`: every system in turn, round after round, and a table at the end."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from benchmarks.databases import template
from benchmarks.document import write
from benchmarks.peers.environment import install
from benchmarks.report import rows, table
from benchmarks.run import Measurement, run
from benchmarks.servers import Servers, servers
from benchmarks.settings import Settings, read_settings
from benchmarks.systems import DEFAULT, ON_SQLITE, PEERS, SYSTEMS, System
from benchmarks.workload import Workload

console = Console()


def main() -> None:
    settings = read_settings()
    systems = [SYSTEMS[name] for name in chosen(settings)]
    for system in systems:
        if system.peer:
            console.print(f"Preparing {system.peer}")
            install(system.peer)
    with servers(console.print) as running, template(running):
        results = measure(systems, settings, running)
    lines = rows(results, PEERS)
    title = f"{settings.commands:,} updates over {settings.entities:,} entities"
    console.width = max(console.width, 110)
    console.print(table(title, lines))
    if settings.write:
        write(lines, settings)


def chosen(settings: Settings) -> list[str]:
    if settings.systems:
        return list(settings.systems)
    peers = PEERS if settings.full else settings.peers
    return [*DEFAULT, *peers, *(ON_SQLITE if settings.sqlite else ())]


def measure(
    systems: Sequence[System], settings: Settings, running: Servers
) -> dict[str, list[Measurement]]:
    """Run every system once a round; what one moment of the machine does to one, it does to all."""
    workload = Workload(settings.commands, settings.entities)
    results: dict[str, list[Measurement]] = {system.name: [] for system in systems}
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        for number in range(settings.rounds):
            for system in systems:
                task = progress.add_task(f"{number + 1}: {system.name}", total=len(workload))
                measurement = run(
                    system,
                    workload,
                    running,
                    lambda count, task=task: progress.update(task, completed=count),
                )
                progress.update(
                    task,
                    description=f"{number + 1}: {system.name} {measurement.rate:,.0f}/s",
                    completed=len(workload),
                )
                results[system.name].append(measurement)
    return results


if __name__ == "__main__":
    main()

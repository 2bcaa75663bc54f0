"""`python -m benchmarks`: every system in turn, round after round, and tables at the end."""

from rich.console import Console

from benchmarks.databases import empty_database
from benchmarks.document import write
from benchmarks.parts import Parts, chosen
from benchmarks.peers.environment import install
from benchmarks.report import sheets
from benchmarks.results import Results
from benchmarks.screen import Screen
from benchmarks.servers import servers
from benchmarks.settings import Settings, read_settings
from benchmarks.systems import FASTEST_PEERS, SYSTEMS
from benchmarks.verify import NotDone
from tools.processes import ServerFailed


def main() -> None:
    settings = read_settings()
    console = Console()
    try:
        results = measure(settings, console)
    except (NotDone, ServerFailed) as failure:
        console.print(f"[bold red]Not done:[/] {failure}", highlight=False)
        raise SystemExit(1) from failure
    console.width = max(console.width, 120)
    for sheet in sheets(results):
        console.print(sheet.for_terminal)
    if settings.write:
        write(results, settings)


def measure(settings: Settings, console: Console) -> Results:
    """Run the parts, those first that others need to know of; raise `NotDone` when one cheats."""
    for peer in {SYSTEMS[name].peer for name in (*chosen(settings), *FASTEST_PEERS)} - {None}:
        console.print(f"Preparing {peer}")
        install(str(peer))
    results = Results()
    with servers(console.print) as running, empty_database(running), Screen(console) as screen:
        parts = Parts(settings, running, screen, results)
        if "throughput" in settings.parts:
            parts.throughput(chosen(settings), settings.rounds)
        for part in ("sqlite", "latency", "growth", "startup"):
            if part in settings.parts:
                getattr(parts, part)()
    return results


if __name__ == "__main__":
    main()

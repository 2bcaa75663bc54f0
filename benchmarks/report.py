"""The tables: the same for the terminal and for the documentation."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from rich.box import SIMPLE
from rich.table import Table

from benchmarks.latency import LOADS
from benchmarks.results import Results
from benchmarks.systems import ON_SQLITE
from benchmarks.targets import targets

_ROLES = ("consumer", "relay", "broker", "database")
_IS_MET = {True: "yes", False: "NO", None: "-"}


@dataclass(frozen=True)
class Sheet:
    title: str
    header: list[str]
    lines: list[list[str]]

    @property
    def for_terminal(self) -> Table:
        table = Table(
            title=self.title, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0)
        )
        for index, name in enumerate(self.header):
            table.add_column(name, justify="right" if index else "left", no_wrap=True)
        for line in self.lines:
            table.add_row(*line)
        return table

    @property
    def for_page(self) -> str:
        rule = ["---"] + ["---:"] * (len(self.header) - 1)
        lines = [f"| {' | '.join(line)} |" for line in (self.header, rule, *self.lines)]
        return "\n".join([f"## {self.title}", "", *lines])


def sheets(results: Results) -> Iterator[Sheet]:
    """Return what was measured, and at the end what was wanted."""
    on_postgresql = [name for name in results.throughput if name not in ON_SQLITE]
    if on_postgresql:
        peer = results.fastest_peer
        yield _throughput(results, f"Throughput; ratios to {peer}", on_postgresql, peer)
    if ON_SQLITE[0] in results.throughput:
        title = f"The same on an SQLite file; ratios to {ON_SQLITE[1]}"
        yield _throughput(results, title, list(ON_SQLITE), ON_SQLITE[1])
    if results.latency:
        yield _latency(results)
    if results.growth:
        yield _growth(results)
    if results.startup:
        yield _startup(results)
    yield Sheet(
        "Targets",
        ["target", "wanted", "measured", "met"],
        [[t.name, t.wanted, t.measured, _IS_MET[t.is_met]] for t in targets(results)],
    )


def _throughput(results: Results, title: str, names: list[str], base: str | None) -> Sheet:
    header = ["system", "commands/s", "ratio", "spread", *(f"CPU {role}" for role in _ROLES)]
    return Sheet(title, header, [_system(results, name, results.rate(base)) for name in names])


def _system(results: Results, name: str, base: float | None) -> list[str]:
    rates = sorted(measurement.rate for measurement in results.throughput[name])
    ratios = [rate / base for rate in (median(rates), rates[0], rates[-1])] if base else []
    return [
        name,
        f"{median(rates):,.0f}",
        f"{ratios[0]:.2f}" if ratios else "-",
        f"{ratios[1]:.2f} to {ratios[2]:.2f}" if ratios else "-",
        *(f"{results.cpu(name, role) or 0:.2f}" for role in _ROLES),
    ]


def _latency(results: Results) -> Sheet:
    lines = []
    for name, of in dict.fromkeys((name, of) for name, of, _ in results.latency):
        for load in LOADS:
            wait, rate = results.wait(name, load, of), results.rate(of)
            if wait and rate:
                at = f"{load:.0%} of {of}: {load * rate:,.0f}/s"
                times = (wait.p50, wait.p99, wait.late)
                lines.append([name, at, *(f"{time * 1e3:.1f}" for time in times)])
    title = "Latency from publish to event"
    return Sheet(title, ["system", "load", "p50 ms", "p99 ms", "sender's own p99"], lines)


def _growth(results: Results) -> Sheet:
    lines = [
        [case.name, *(f"{median(rates):,.0f}" for rates in zip(*case.rates, strict=True))]
        + [f"{case.ratio:.2f}"]
        for case in results.growth
    ]
    return Sheet("Growth", ["case / base", "base/s", "case/s", "ratio"], lines)


def _startup(results: Results) -> Sheet:
    lines = [
        [name, f"{median(seconds):.2f}"]
        + [f"{results.memory(name, role) or 0:.0f}" for role in _ROLES[:2]]
        for name, seconds in results.startup.items()
    ]
    header = ["system", "seconds to the first event", "MB consumers", "MB relay"]
    return Sheet("Start-up, and memory after the work", header, lines)

"""What a person reads of it."""

from collections.abc import Mapping, Sequence
from statistics import median

from rich.box import SIMPLE
from rich.table import Table

from benchmarks.run import Measurement

Results = Mapping[str, Sequence[Measurement]]

ROLES = ("consumer", "relay", "broker", "database")


def rate(measurements: Sequence[Measurement]) -> float:
    return median(measurement.rate for measurement in measurements)


def cpu(measurements: Sequence[Measurement], role: str) -> float:
    """Return CPU seconds per 10,000 commands."""
    return median(10_000 * m.cpu.get(role, 0.0) / m.commands for m in measurements)


def rows(results: Results, peers: Sequence[str]) -> list[list[str]]:
    """Return the table's header and lines, for the terminal and for the documentation."""
    plain = results.get("plain pika")
    fastest = max((rate(results[name]) for name in peers if results.get(name)), default=None)
    header = ["system", "cmd/s", "spread", "x plain", "x peer"]
    lines = [header + [f"CPU {role}" for role in ROLES]]
    for name, measurements in results.items():
        if not measurements:
            continue
        rates = sorted(measurement.rate for measurement in measurements)
        lines.append(
            [
                name,
                f"{rate(measurements):,.0f}",
                f"{rates[0]:,.0f}-{rates[-1]:,.0f}",
                _ratio(rate(measurements), plain and rate(plain)),
                _ratio(rate(measurements), fastest),
                *(f"{cpu(measurements, role):.2f}" for role in ROLES),
            ]
        )
    return lines


def table(title: str, lines: list[list[str]]) -> Table:
    result = Table(
        title=title, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for index, name in enumerate(lines[0]):
        result.add_column(name, justify="right" if index else "left", no_wrap=True)
    for line in lines[1:]:
        result.add_row(*line)
    return result


def _ratio(value: float, base: float | None) -> str:
    return f"{value / base:.1f}" if base else "-"

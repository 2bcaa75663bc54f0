"""What has been measured, by system; and the few numbers that others are made of."""

from dataclasses import dataclass, field
from statistics import median

from benchmarks.growth import Case
from benchmarks.latency import Latency
from benchmarks.systems import PEERS
from benchmarks.throughput import Measurement


@dataclass
class Results:
    """One entry a round everywhere. `latency`: by system, whose maximum, and the share of it."""

    throughput: dict[str, list[Measurement]] = field(default_factory=dict)
    latency: dict[tuple[str, str, float], list[Latency]] = field(default_factory=dict)
    growth: list[Case] = field(default_factory=list)
    startup: dict[str, list[float]] = field(default_factory=dict)

    @property
    def fastest_peer(self) -> str | None:
        peers = [name for name in PEERS if name in self.throughput]
        return max(peers, key=lambda name: self.rate(name) or 0, default=None)

    def rate(self, system: str | None) -> float | None:
        """Return commands a second, or None where that was not measured."""
        measured = self.throughput.get(system or "")
        return median(m.rate for m in measured) if measured else None

    def cpu(self, system: str, *roles: str) -> float | None:
        """Return CPU seconds per 10,000 commands, of these roles together."""
        measured = self.throughput.get(system)
        if not measured:
            return None
        return median(
            10_000 * sum(m.cpu.get(role, 0.0) for role in roles) / m.commands for m in measured
        )

    def memory(self, system: str, role: str) -> float | None:
        """Return megabytes."""
        measured = self.throughput.get(system)
        return median(m.memory.get(role, 0) for m in measured) / 1e6 if measured else None

    def wait(self, system: str | None, load: float, of: str | None = None) -> Latency | None:
        """Return the latency at this share of a maximum: the system's own, or `of` another."""
        measured = self.latency.get((system or "", of or system or "", load))
        if not measured:
            return None
        return Latency(
            median(m.p50 for m in measured),
            median(m.p99 for m in measured),
            median(m.late for m in measured),
        )


def ratio(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None

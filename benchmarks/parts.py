"""The parts of the benchmark: who is measured in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.backlog import backlog
from benchmarks.grown import grown_inbox
from benchmarks.growth import Case, cases
from benchmarks.latency import LOADS, latency
from benchmarks.results import Results
from benchmarks.screen import Screen
from benchmarks.servers import Servers
from benchmarks.settings import Settings
from benchmarks.startup import startup
from benchmarks.systems import CEILINGS, FASTEST_PEERS, ON_SQLITE, OURS, PEERS, PLAIN, SYSTEMS
from benchmarks.throughput import throughput
from benchmarks.workload import Workload


def chosen(settings: Settings) -> tuple[str, ...]:
    """Return the systems to compare; plain pika is always the measure of what a command costs."""
    if unknown := set(settings.systems) - set(SYSTEMS):
        raise SystemExit(f"SYSTEMS: {', '.join(unknown)}? There are {', '.join(SYSTEMS)}.")
    if settings.systems:
        return settings.systems
    return (*OURS, *CEILINGS, *(PEERS if settings.full else (*FASTEST_PEERS, PLAIN)))


@dataclass
class Parts:
    """Within a round the systems take turns: what slows the machine down, slows all of them."""

    settings: Settings
    servers: Servers
    screen: Screen
    results: Results

    def throughput(self, systems: Sequence[str], rounds: int) -> None:
        workload = Workload(self.settings.commands, self.settings.entities)
        with self.screen.part("throughput", rounds * len(systems)):
            for number in range(rounds):
                for name in systems:
                    label = f"{number + 1}: {name}"
                    with self.screen.run(label, len(workload)) as progress:
                        measured = throughput(SYSTEMS[name], workload, self.servers, progress)
                    self.screen.say(f"{label} {measured.rate:,.0f} commands/s")
                    self.results.throughput.setdefault(name, []).append(measured)

    def sqlite(self) -> None:
        self.throughput(ON_SQLITE, self.settings.rounds)

    def latency(self) -> None:
        """Compare one consumer of ours with the fastest peer and the ceiling."""
        if not self.results.fastest_peer:
            self.throughput((OURS[0], CEILINGS[0], FASTEST_PEERS[0]), 1)
        peer = str(self.results.fastest_peer)
        loads = [(name, name) for name in (OURS[0], peer, CEILINGS[0])] + [(OURS[0], peer)]
        with self.screen.part("latency", self.settings.rounds * len(LOADS) * len(loads)):
            for number in range(self.settings.rounds):
                for load in LOADS:
                    for name, of in loads:
                        self._latency(f"{number + 1}: {name} at {load:.0%} of {of}", name, of, load)

    def _latency(self, label: str, name: str, of: str, load: float) -> None:
        rate = load * (self.results.rate(of) or 0)
        seconds, entities = self.settings.seconds, self.settings.entities
        with self.screen.run(label):
            measured = latency(SYSTEMS[name], rate, seconds, entities, self.servers)
        self.screen.say(
            f"{label}: {rate:,.0f}/s, p50 {measured.p50 * 1e3:.1f} ms,"
            f" p99 {measured.p99 * 1e3:.1f} ms (sender {measured.late * 1e3:.1f} ms)"
        )
        self.results.latency.setdefault((name, of, load), []).append(measured)

    def growth(self) -> None:
        """Ours only. Twice the commands, as these are fast; the long outbox only once."""
        settings = self.settings
        commands, rounds = 2 * settings.commands, settings.rounds
        self.screen.say(f"Filling an inbox with {settings.inbox_rows:,} rows")
        with grown_inbox(self.servers, settings.inbox_rows) as grown:
            measured = cases(commands, settings.entities, grown, self.servers)
            with self.screen.part("growth", rounds * len(measured)):
                for number in range(rounds):
                    for case in measured:
                        self._case(f"{number + 1}: {case.name}", case)
        self.results.growth += [*measured, *self._backlog(commands)]

    def _case(self, label: str, case: Case) -> None:
        with self.screen.run(label):
            base, rate = case.measure()
        self.screen.say(f"{label}: {base:,.0f}/s -> {rate:,.0f}/s")

    def _backlog(self, commands: int) -> Sequence[Case]:
        workload = Workload(commands, self.settings.entities)
        rates = []
        with self.screen.part("backlog", 2):
            for rows in (0, self.settings.outbox_rows):
                with self.screen.run(f"{rows:,} rows in the outbox", rows + commands) as progress:
                    rates.append(backlog(rows, workload, self.servers, progress))
        empty, full = rates
        return (
            Case("consumer, full outbox / empty", rates=[(empty.consumer, full.consumer)]),
            Case("relay, full outbox / empty", rates=[(empty.relay, full.relay)]),
        )

    def startup(self) -> None:
        systems = chosen(self.settings)
        with self.screen.part("start-up", self.settings.rounds * len(systems)):
            for number in range(self.settings.rounds):
                for name in systems:
                    with self.screen.run(f"{number + 1}: {name}"):
                        seconds = startup(SYSTEMS[name], self.servers)
                    self.results.startup.setdefault(name, []).append(seconds)

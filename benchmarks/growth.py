"""What becomes of the speed when tables or messages grow: each case next to its base."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.grown import NAME
from benchmarks.servers import Servers
from benchmarks.stage import stage
from benchmarks.systems import SYSTEMS
from benchmarks.throughput import empty_queue
from benchmarks.workload import Workload

_LARGE = 20_000 - 162  # bytes of a value that make a command of 20 kB

Measure = Callable[[], float]
Rates = tuple[float, float]


@dataclass
class Case:
    """`run` measures the base, then the case: rates that are compared with each other only.

    `at_least`: what the ratio shall be, where the case is one of ours.
    """

    name: str
    run: Callable[[], Rates] | None = None
    at_least: float | None = 0.8
    rates: list[Rates] = field(default_factory=list)

    def measure(self) -> Rates:
        assert self.run is not None
        self.rates.append(self.run())
        return self.rates[-1]

    @property
    def ratio(self) -> float:
        return median(case / base for base, case in self.rates)


def cases(commands: int, entities: int, grown: str, servers: Servers) -> Sequence[Case]:
    """Return the cases that one run of the queue decides; `grown`: a database with a full inbox."""

    def of(workload: Workload, system: str = "ours-1") -> Measure:
        return lambda: rate(system, workload, servers)

    usual = Workload(commands, entities)
    one, many = Workload(commands, 1), Workload(commands, 100_000)
    half = Workload(commands, entities, hot=0.5)
    few = Workload(commands // 4, entities)
    large = Workload(commands // 4, entities, value_bytes=_LARGE)
    return [
        _case("full inbox / empty", of(usual), lambda: rate("ours-1", usual, servers, grown)),
        _case("100,000 entities / 1", of(one), of(many)),
        _case(f"1 hot entity / {entities:,}", of(usual), of(one)),
        _case("half on 1 of them, 2 consumers", of(usual, "ours-2"), of(half, "ours-2")),
        _case("commands of 20 kB / 200 B", of(few), of(large), at_least=0.5),
        _case("the same of ceiling-1", of(few, "ceiling-1"), of(large, "ceiling-1"), None),
    ]


def rate(system: str, workload: Workload, servers: Servers, grown: str | None = None) -> float:
    others = {"template": grown, "name": NAME} if grown else {}
    with stage(SYSTEMS[system], workload, servers, **others) as here:
        return empty_queue(here, lambda _: None).rate


def _case(name: str, base: Measure, case: Measure, at_least: float | None = 0.8) -> Case:
    return Case(name, lambda: (base(), case()), at_least)

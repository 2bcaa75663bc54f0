"""How fast a full command queue is emptied, and what that costs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from benchmarks.processes import Process, cpu_seconds, memory, wait_until
from benchmarks.servers import Servers
from benchmarks.stage import Stage, stage
from benchmarks.systems import System
from benchmarks.workload import Workload

SLOWEST = 30  # commands a second below which a run is given up

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Measurement:
    """`cpu`: seconds by role, both servers' too. `memory`: bytes by role, after the work."""

    seconds: float
    commands: int
    cpu: dict[str, float]
    memory: dict[str, int]

    @property
    def rate(self) -> float:
        return self.commands / self.seconds


def throughput(
    system: System, workload: Workload, servers: Servers, progress: Progress
) -> Measurement:
    """Load the queue, let the system empty it, and verify what it did."""
    with stage(system, workload, servers) as here:
        return empty_queue(here, progress)


def empty_queue(here: Stage, progress: Progress) -> Measurement:
    """Measure on a stage that is set: from the start signal to the last event at the subscriber."""
    here.preload()
    with here.processes() as processes:
        with here.database.gate():
            hold_back(here, processes)
            before = _cpu(processes, here.servers)
        seconds = until(lambda: here.broker.count(here.broker.events), len(here.workload), progress)
        wait_until(lambda: _is_settled(here), "the end of the work", 30)
        after = _cpu(processes, here.servers)
        resident = Counter[str]()
        for process in processes:
            resident[process.role] += memory(process.pid)
    here.verify()
    cpu = {role: after[role] - before[role] for role in after}
    return Measurement(seconds, len(here.workload), cpu, dict(resident))


def hold_back(here: Stage, processes: Sequence[Process]) -> None:
    """Start the processes, and return when every consumer holds a delivery and can do no more."""
    others = [process for process in processes if process.role != "consumer"]
    for process in processes:
        process.start()
    wait_until(lambda: all(process.is_ready for process in others), "the relay", 60)
    consumers = sum(process.role == "consumer" for process in processes)
    most = len(here.workload) - consumers
    wait_until(
        lambda: here.broker.count(here.broker.commands) <= most,
        "a first delivery to every consumer",
        60,
    )


def until(
    count: Callable[[], int], total: int, progress: Progress, interval: float = 0.02
) -> float:
    """Return the seconds until `count` says `total`, telling the progress meanwhile."""

    def reached() -> bool:
        number = count()
        progress(number)
        return number >= total

    started = monotonic()
    wait_until(reached, "the work to be done", 10 + total / SLOWEST, interval)
    return monotonic() - started


def _is_settled(here: Stage) -> bool:
    rows = here.database.rows("SELECT count(*) FROM outbox")
    return rows == [(0,)] and here.broker.count(here.broker.commands) == 0


def _cpu(processes: Sequence[Process], servers: Servers) -> dict[str, float]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for process in processes:
        seconds[process.role] += cpu_seconds(process.pid)
    for role, pid in servers.pids.items():
        if pid is not None:
            seconds[role] += cpu_seconds(pid)
    return seconds

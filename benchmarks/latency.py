"""How long a command takes, from when it is published to its event at a subscriber."""

import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from benchmarks.broker import Delivered
from benchmarks.processes import Process, wait_until
from benchmarks.servers import Servers
from benchmarks.stage import Stage, stage
from benchmarks.systems import System
from benchmarks.verify import NotDone
from benchmarks.workload import Workload

LOADS = (0.1, 0.5, 0.8)  # of each system's own maximum
WARM_UP = 0.2  # the share of a run that is not counted

Arrived = tuple[float, *Delivered]


@dataclass(frozen=True)
class Latency:
    """In seconds. `late`: the sender's own p99, which is in the numbers too."""

    p50: float
    p99: float
    late: float


def latency(
    system: System, rate: float, seconds: float, entities: int, servers: Servers
) -> Latency:
    """Send at this rate for so long, whatever the system does, and verify what it did."""
    workload = Workload(int(rate * seconds), entities)
    with stage(system, workload, servers) as here:
        messages = here.folder / "messages"
        messages.write_bytes(pickle.dumps(_messages(here)))
        with here.processes() as processes, _subscriber(here) as subscriber:
            for process in processes:
                process.start()
            wait_until(lambda: all(p.is_ready for p in processes), "every process", 60)
            started, late = _send(here, messages, rate)
            try:
                came = subscriber()
            except TimeoutError as error:
                raise NotDone(f"{error}: {_left(here)}") from error
        here.verify([(properties, body) for _, properties, body in came])
    p50, p99 = _percentiles(workload, came, started, rate)
    return Latency(p50, p99, late)


def _messages(here: Stage) -> Sequence[Delivered]:
    """Return the commands as the system takes them."""
    here.preload()
    return list(here.broker.received(here.broker.commands))


@contextmanager
def _subscriber(here: Stage) -> Iterator["Subscriber"]:
    file = here.folder / "came"
    number = str(len(here.workload))
    arguments = [sys.executable, "-m", "benchmarks.subscriber", here.broker.events, number, file]
    log = here.folder / "subscriber.log"
    process = Process("subscriber", [*map(str, arguments)], here.environment, "ready", log)
    process.start()
    try:
        wait_until(lambda: process.is_ready, "the subscriber", 60)
        yield Subscriber(process, file)
    finally:
        process.stop()


class Subscriber:
    """A process that reads the events, so that nobody here has to while it is measured."""

    def __init__(self, process: Process, file: Path) -> None:
        self._process = process
        self._file = file

    def __call__(self) -> list[Arrived]:
        """Return what came and when, once all has come."""
        wait_until(lambda: self._process.has_ended, "the events", 60)
        came: list[Arrived] = pickle.loads(self._file.read_bytes())
        return came


def _left(here: Stage) -> str:
    """Return where what the subscriber waits for may be."""
    queues = (here.broker.commands, here.broker.events)
    tables = ("inbox", "outbox", "retries", "dead_letters")
    numbers = {name: here.broker.count(name) for name in queues}
    numbers |= {name: here.database.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables}
    return ", ".join(f"{number} in {name}" for name, number in numbers.items())


def _send(here: Stage, messages: Path, rate: float) -> tuple[float, float]:
    """Return when the first message was due, and how late the sender was."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sender", messages, str(rate), here.broker.commands],
        env=here.environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    started, late = map(float, done.stdout.split())
    return started, late


def _percentiles(
    workload: Workload, came: Sequence[Arrived], started: float, rate: float
) -> tuple[float, float]:
    due = {u.command_id: started + number / rate for number, u in enumerate(workload.updates)}
    first = started + WARM_UP * len(workload) / rate
    waits = [
        at - due[command]
        for at, properties, _ in came
        if due[command := str(properties.correlation_id)] >= first
    ]
    hundredths = quantiles(waits, n=100)
    return hundredths[49], hundredths[98]

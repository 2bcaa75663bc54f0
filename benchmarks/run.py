"""One measured run of one system."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from uuid import uuid4

from benchmarks.broker import Broker
from benchmarks.databases import PostgreSQLRun, RunDatabase, SQLiteRun
from benchmarks.processes import Process, cpu_seconds, wait_until
from benchmarks.servers import Servers
from benchmarks.systems import System
from benchmarks.verify import NotDone, verify
from benchmarks.workload import Workload

SLOWEST = 30  # commands a second below which a run is given up

Progress = Callable[[int], None]
Environment = dict[str, str]


@dataclass(frozen=True)
class Measurement:
    """`cpu`: seconds of CPU by role, of the system's processes and of both servers."""

    seconds: float
    commands: int
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.commands / self.seconds


def run(system: System, workload: Workload, servers: Servers, progress: Progress) -> Measurement:
    """Load the queue, let the system empty it, and verify what it did."""
    name = f"bench_{uuid4().hex[:12]}"
    with (
        TemporaryDirectory(prefix="bench-") as folder,
        _database(system, servers, name, folder) as db,
    ):
        environment = {
            **os.environ,
            "AMQP_URL": servers.amqp_url,
            "DATABASE_URL": db.url,
            "COMPONENT_NAME": name,
            "LOG_FORMAT": "json",
            **system.environment,
        }
        with Broker(servers.amqp_url, name) as broker:
            try:
                broker.subscribe()
                db.load(workload.entities)
                _preload(system, environment, broker, workload, Path(folder))
                with _processes(system, environment, Path(folder)) as processes:
                    measurement = _measure(processes, servers, broker, db, workload, progress)
                events = list(broker.received(broker.count(broker.events)))
                verify(system, workload, db, events)
            except (TimeoutError, NotDone, RuntimeError) as error:
                raise NotDone(f"{system.name}: {error}\n{_logs(folder)}") from error
    return measurement


def _measure(
    processes: list[Process],
    servers: Servers,
    broker: Broker,
    database: RunDatabase,
    workload: Workload,
    progress: Progress,
) -> Measurement:
    total = len(workload)
    consumers = sum(process.role == "consumer" for process in processes)

    def held() -> bool:
        return broker.count(broker.commands) <= total - consumers

    def arrived() -> bool:
        count = broker.count(broker.events)
        progress(count)
        return count >= total

    def settled() -> bool:
        rows = database.rows("SELECT count(*) FROM outbox")
        return rows == [(0,)] and broker.count(broker.commands) == 0

    with database.gate():
        for process in processes:
            process.start()
            if process.role != "consumer":
                wait_until(lambda p=process: p.is_ready, f"the {process.role}", 60)
        wait_until(held, "a first delivery to every consumer", 60)
        before = _cpu(processes, servers)
    started = monotonic()
    wait_until(arrived, "the events", 10 + total / SLOWEST)
    seconds = monotonic() - started
    wait_until(settled, "the end of the work", 30)
    after = _cpu(processes, servers)
    return Measurement(seconds, total, dict(after - before))


def _cpu(processes: Sequence[Process], servers: Servers) -> "Counter[str]":
    seconds: Counter[str] = Counter()
    for process in processes:
        seconds[process.role] += cpu_seconds(process.pid)  # type: ignore[assignment]
    for role, pid in servers.pids.items():
        if pid is not None:
            seconds[role] += cpu_seconds(pid)  # type: ignore[assignment]
    return seconds


@contextmanager
def _database(system: System, servers: Servers, name: str, folder: str) -> Iterator[RunDatabase]:
    if system.sqlite:
        yield SQLiteRun(Path(folder), name)
        return
    database = PostgreSQLRun(servers, name)
    try:
        yield database
    finally:
        database.drop()


@contextmanager
def _processes(system: System, environment: Environment, folder: Path) -> Iterator[list[Process]]:
    processes = [
        Process(program.role, program.arguments, environment, program.ready, folder / f"{i}.log")
        for i, program in enumerate(system.programs)
    ]
    try:
        yield processes
    finally:
        codes = [process.stop() for process in processes]
    if any(codes):
        raise RuntimeError(f"the processes ended with {codes}")


def _preload(
    system: System, environment: Environment, broker: Broker, workload: Workload, folder: Path
) -> None:
    """Make the command queue and fill it."""
    commands = folder / "commands.jsonl"
    commands.write_bytes(b"\n".join(update.body for update in workload.updates))
    subprocess.run(
        system.loader or [sys.executable, "-m", "worker", "declare"],
        env={**environment, "BENCH_COMMANDS": str(commands)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if not system.loader:
        broker.publish(workload)
    broker.wait_for_commands(len(workload))


def _logs(folder: str) -> str:
    return "\n".join(path.read_text()[-2000:] for path in Path(folder).glob("*.log"))

"""Everything that one run of one system needs: queues, a database, processes, proof at the end."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from benchmarks.broker import Broker, Delivered
from benchmarks.databases import EMPTY, PostgreSQLRun, RunDatabase, SQLiteRun
from benchmarks.processes import Process
from benchmarks.servers import Servers
from benchmarks.systems import Program, System
from benchmarks.verify import NotDone, verify
from benchmarks.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Stage:
    """`database` holds the workload's entities; `broker` has a subscriber, and no commands yet."""

    system: System
    workload: Workload
    servers: Servers
    broker: Broker
    database: RunDatabase
    environment: dict[str, str]
    folder: Path

    def preload(self) -> None:
        """Make the command queue and put every command in, in the form the system takes."""
        commands = self.folder / "commands.jsonl"
        commands.write_bytes(b"\n".join(update.body for update in self.workload.updates))
        subprocess.run(
            self.system.loader or [sys.executable, "-m", "worker", "declare"],
            env={**self.environment, "BENCH_COMMANDS": str(commands)},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not self.system.loader:
            self.broker.publish(self.workload)
        self.broker.wait_for_commands(len(self.workload))

    @contextmanager
    def processes(self, programs: Sequence[Program] | None = None) -> Iterator[list[Process]]:
        """Yield the system's processes, to be started; they are stopped at the end."""
        processes = [
            Process(
                program.role,
                program.arguments,
                self.environment,
                program.ready,
                self.folder / f"{program.role}-{number}.log",
            )
            for number, program in enumerate(programs or self.system.programs)
        ]
        try:
            yield processes
        finally:
            codes = [process.stop() for process in processes]
        if any(codes):
            raise NotDone(f"the processes ended with {codes}")

    def verify(self, events: Sequence[Delivered] | None = None) -> None:
        """Raise `NotDone` unless all is done; the events are those in the queue, or these."""
        if events is None:
            events = list(self.broker.received(self.broker.events))
        verify(self.system, self.workload, self.database, events)


@contextmanager
def stage(
    system: System,
    workload: Workload,
    servers: Servers,
    template: str = EMPTY,
    name: str | None = None,
) -> Iterator[Stage]:
    """Yield the stage of a run; whatever fails on it is `NotDone`, with the processes' last words.

    `template`: the database that the run's own is a copy of. `name`: the component's.
    """
    name = name or f"bench_{uuid4().hex[:12]}"
    with TemporaryDirectory(prefix="bench-") as folder:
        try:
            with (
                _database(system, servers, name, Path(folder), template) as database,
                Broker(servers.amqp_url, name) as broker,
            ):
                broker.subscribe()
                database.load(workload.entities)
                yield Stage(
                    system=system,
                    workload=workload,
                    servers=servers,
                    broker=broker,
                    database=database,
                    environment=_environment(system, servers, database, name),
                    folder=Path(folder),
                )
        except (TimeoutError, NotDone, RuntimeError, subprocess.CalledProcessError) as error:
            raise NotDone(f"{system.name}: {error}\n{_logs(folder)}") from error


def _environment(
    system: System, servers: Servers, database: RunDatabase, name: str
) -> dict[str, str]:
    return {
        **os.environ,
        "AMQP_URL": servers.amqp_url,
        "DATABASE_URL": database.url,
        "COMPONENT_NAME": name,
        "LOG_FORMAT": "json",
        **system.environment,
    }


@contextmanager
def _database(
    system: System, servers: Servers, name: str, folder: Path, template: str
) -> Iterator[RunDatabase]:
    database = SQLiteRun(folder, name) if system.sqlite else PostgreSQLRun(servers, name, template)
    try:
        yield database
    finally:
        database.drop()


def _logs(folder: str) -> str:
    return "\n".join(path.read_text()[-2000:] for path in Path(folder).glob("*.log"))

"""Cases too large for every day, by hand: `python -m tests.chaos.large --help`.

Memory over many commands, and what a long queue or a full outbox does to memory and throughput.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import uuid4

import click
import pika

from tests.support.foreign import create, update
from tests.support.health import get
from tests.support.system import Process, System, running_system
from tests.support.waiting import wait_for
from tools.postgresql import PostgreSQLCluster
from tools.processes import free_port
from tools.rabbitmq import RabbitMQNode
from tools.servers import install_programs, server_folder

THINGS = [str(uuid4()) for _ in range(1000)]
WAVE = 5_000
HOUR = 3600


@dataclass(frozen=True)
class Pace:
    """Megabytes resident at the most, and things done in a second."""

    megabytes: float
    rate: float


class Gauge:
    """A process, what it says it has done, and how much memory it has."""

    def __init__(self, system: System, role: str, metric: str) -> None:
        self._port = free_port()
        self._metric = re.compile(rf"^{metric}.*? (\S+)$", re.MULTILINE)
        self.process: Process = system.start(role, HTTP_PORT=str(self._port), LOG_LEVEL="warning")

    def done(self) -> float:
        return sum(map(float, self._metric.findall(get(self._port, "/metrics")[1])))

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def pace(self, count: int) -> Pace:
        """Return its pace until it has done so many; the first tenth is for warming up."""
        wait_for(lambda: self.done() >= count / 10, "a tenth", HOUR)
        first, began, most = self.done(), monotonic(), 0.0

        def done() -> bool:
            nonlocal most
            most = max(most, self.megabytes())
            return self.done() >= count

        wait_for(done, f"{count} done", HOUR)
        return Pace(most, (self.done() - first) / (monotonic() - began))


@click.group()
def main() -> None:
    """Run a large case and compare with what is promised."""


@main.command()
@click.option("--commands", default=500_000, show_default=True)
def memory(commands: int) -> None:
    """Tell whether consumer and relay stay within 20 MB over so many commands."""
    with _system() as system:
        gauges = [
            Gauge(system, "consume", "commands_total"),
            Gauge(system, "relay", "published_total"),
        ]
        samples: list[list[float]] = []
        _publish(system, len(THINGS), first=True)
        for sent in range(WAVE, commands + 1, WAVE):
            _publish(system, WAVE)
            wait_for(lambda: system.waiting() < 2 * WAVE, "the queue to shrink", HOUR)
            if sent >= commands / 10:
                samples.append([gauge.megabytes() for gauge in gauges])
        for gauge in gauges:
            wait_for(lambda: gauge.done() >= commands, "everything done", HOUR)  # noqa: B023
        samples.append([gauge.megabytes() for gauge in gauges])
    well = True
    for role, of_role in zip(("consumer", "relay"), zip(*samples, strict=True), strict=True):
        low, high = min(of_role), max(of_role)
        print(f"{role}: {low:.1f} to {high:.1f} MB from {commands // 10} to {commands} commands")
        well &= high - low <= 20
    sys.exit(not well)


@main.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Commands, then outbox rows.")
@click.option("--measured", default=20_000, show_default=True, help="How many are timed.")
def backlog(rows: int, measured: int) -> None:
    """Compare a short with a long command queue, and a small with a large outbox."""
    cases = {
        "commands waiting": ("consume", "commands_total", _publish),
        "rows in the outbox": ("relay", "published_total", _fill_outbox),
    }
    well = True
    for what, (role, metric, fill) in cases.items():
        paces = []
        for count in (measured, rows):
            with _system() as system:
                fill(system, count, first=True)
                paces.append(Gauge(system, role, metric).pace(measured * 9 // 10))
            print(
                f"{count} {what}: {paces[-1].rate:.0f}/s, {paces[-1].megabytes:.1f} MB", flush=True
            )
        short, long = paces
        well &= long.rate >= 0.8 * short.rate and long.megabytes <= 1.2 * short.megabytes
    sys.exit(not well)


@contextmanager
def _system() -> Iterator[System]:
    """Yield a component on private servers, with a subscriber's queue that keeps the newest."""
    install_programs()
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("large"))
        broker, database = RabbitMQNode(folder / "broker"), PostgreSQLCluster(folder / "database")
        stack.callback(broker.stop)
        broker.start()
        stack.callback(database.stop)
        database.start()
        logs = Path(stack.enter_context(server_folder("large-logs")))
        url = database.create_database("component")
        system = stack.enter_context(running_system(broker.url, url, logs))
        system.migrate()
        with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
            channel = connection.channel()
            channel.queue_declare("newest", durable=True, arguments={"x-max-length": 1000})
            channel.queue_bind("newest", system.exchange)
        yield system


def _publish(system: System, count: int, *, first: bool = False) -> None:
    """Publish so many commands as fast as they go; the first ones create the things."""
    creates = THINGS if first else []
    commands = (
        create(creates[i]) if i < len(creates) else update(THINGS[i % 1000], f"value {i}")
        for i in range(count)
    )
    before = system.waiting()
    with pika.BlockingConnection(pika.URLParameters(system.amqp_url)) as connection:
        channel = connection.channel()
        for command in commands:
            properties = pika.BasicProperties(type=command.type, delivery_mode=2)
            channel.basic_publish("", system.queue, json.dumps(command.body).encode(), properties)
    if first and before == 0:
        wait_for(lambda: system.waiting() == count or system.count("inbox"), "all of it", HOUR)


def _fill_outbox(system: System, count: int, *, first: bool = False) -> None:
    """Put so many events into the outbox, as transactions would have."""
    system.execute(f"""
        INSERT INTO outbox (component, aggregate_id, type, body, message_id, correlation_id,
                            timestamp, headers)
        SELECT '{system.name}', md5((i % 1000)::text)::uuid, 'thing.Updated',
               '{{"event_id": "' || gen_random_uuid() || '", "value": "value ' || i || '"}}',
               gen_random_uuid(), gen_random_uuid(), 1700000000,
               json_build_object('aggregate-version', i)
        FROM generate_series(1, {count}) AS i
    """)
    system.execute("ANALYZE outbox")


if __name__ == "__main__":
    main()

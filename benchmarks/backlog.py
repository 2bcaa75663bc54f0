"""What becomes of the speed when the relay has been away: the outbox is long, then is drained."""

from dataclasses import dataclass
from time import monotonic

from benchmarks.grown import NAME, fill_outbox
from benchmarks.processes import wait_until
from benchmarks.servers import Servers
from benchmarks.stage import Stage, stage
from benchmarks.systems import SYSTEMS
from benchmarks.throughput import Progress, hold_back, until
from benchmarks.verify import NotDone, verify_effects
from benchmarks.workload import Workload


@dataclass(frozen=True)
class Rates:
    """Commands a second of a consumer alone, then events a second of a relay alone."""

    consumer: float
    relay: float


def backlog(rows: int, workload: Workload, servers: Servers, progress: Progress) -> Rates:
    """Measure with this many rows in the outbox before the first command."""
    with stage(SYSTEMS["ours-1"], workload, servers, name=NAME) as here:
        if rows:
            fill_outbox(servers.dsn(NAME), rows)
        consumer = _consume(here, progress)
        relay = _drain(here, rows + len(workload), progress)
    return Rates(consumer, relay)


def _consume(here: Stage, progress: Progress) -> float:
    here.preload()
    consumers = [p for p in here.system.programs if p.role == "consumer"]
    with here.processes(consumers) as processes:
        with here.database.gate():
            hold_back(here, processes)

        def applied() -> int:
            return int(here.database.rows("SELECT count(*) FROM inbox")[0][0])

        seconds = until(applied, len(here.workload), progress, interval=0.05)
    verify_effects(here.system, here.workload, here.database)
    return len(here.workload) / seconds


def _drain(here: Stage, total: int, progress: Progress) -> float:
    """Count the events only: to read so many would take longer than to send them."""
    relays = [p for p in here.system.programs if p.role == "relay"]

    def published() -> int:
        return here.broker.count(here.broker.events)

    with here.processes(relays) as processes:
        processes[0].start()
        wait_until(published, "the first event", 60, 0.01)
        before, started = published(), monotonic()
        until(published, total, progress)
        seconds = monotonic() - started
        wait_until(lambda: _rows(here) == 0, "the outbox to be empty", 60)
        if published() != total:
            raise NotDone(f"{total} rows became {published()} events")
    return (total - before) / seconds


def _rows(here: Stage) -> int:
    return int(here.database.rows("SELECT count(*) FROM outbox")[0][0])

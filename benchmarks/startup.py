"""How long a system takes from being started to doing work."""

from time import monotonic

from benchmarks.processes import wait_until
from benchmarks.servers import Servers
from benchmarks.stage import stage
from benchmarks.systems import System
from benchmarks.workload import Workload


def startup(system: System, servers: Servers) -> float:
    """Return the seconds from the start of all processes to the event of a command that waits.

    Being ready is what each system says of itself; an event at the subscriber is the same for all.
    """
    with stage(system, Workload(1, 1), servers) as here:
        here.preload()
        with here.processes() as processes:
            started = monotonic()
            for process in processes:
                process.start()
            wait_until(lambda: here.broker.count(here.broker.events), "the event", 60, 0.01)
            seconds = monotonic() - started
            # Stopping a system before it is up is another matter than how fast it is.
            wait_until(lambda: all(p.is_ready for p in processes), "every process", 60)
        here.verify()
    return seconds

"""What waits in the tables, for `/metrics`: asked on a connection of its own, with a deadline."""

from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from persistence.backlog import Backlog, backlog
from persistence.database import Database
from persistence.exceptions import PersistenceError
from worker.runtime.metrics import PREFIX

DEADLINE = 2.0  # seconds that a question may take: who scrapes gives ten for all of them
PATIENCE = 1.0  # seconds to wait for the answer of somebody who asks at the same time


class BacklogMetrics(Collector):
    """Shows what waits while the database tells it, and whether the database does."""

    def __init__(
        self, database: Database, component: str, trouble: Callable[[], str | None]
    ) -> None:
        """`database`: for this alone. `trouble`: what else is wrong with the database."""
        self._database = database
        self._component = component
        self._trouble = trouble
        self._asking = Lock()

    def collect(self) -> Iterator[Metric]:
        found = self._look()
        if found:
            yield from self._shown(found)
        usable = found is not None and self._trouble() is None
        about = "1 if the database answers and takes what we write."
        yield _gauge("database_available", about, float(usable))

    def _look(self) -> Backlog | None:
        if not self._asking.acquire(timeout=PATIENCE):
            return None
        try:
            return backlog(self._database, self._component)
        except PersistenceError:
            return None  # That is what `database_available` says.
        finally:
            self._asking.release()

    def _shown(self, found: Backlog) -> Iterator[Metric]:
        now = self._database.now().timestamp()
        oldest = 0.0 if found.oldest_event is None else max(0.0, now - found.oldest_event)
        about = "Age of the event that waits for longest; 0 where none does."
        yield _gauge("oldest_unsent_event_seconds", about, oldest)
        yield _gauge("outbox_messages", "Events and replies to be sent.", found.outbox_messages)
        yield _gauge("retries_waiting", "Commands that wait for a retry.", found.retries)
        yield _by_kind("dead_letters", "Dead letters, by kind.", found.dead_letters)
        about = "Dead letters that are in no group on hold, by kind."
        yield _by_kind("dead_letters_alerting", about, found.alerting)


def _by_kind(name: str, about: str, counts: Mapping[str, int]) -> Metric:
    metric = GaugeMetricFamily(f"{PREFIX}_{name}", about, labels=["kind"])
    for kind, count in counts.items():
        metric.add_metric([kind], count)
    return metric


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", about, value)

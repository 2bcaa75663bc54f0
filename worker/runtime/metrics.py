"""What a process counts, for `/metrics` and for the log."""

from collections.abc import Iterable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.registry import Collector

from persistence.dead_letters import UNSENDABLE
from persistence.endings import ENDINGS
from worker.runtime.asked import Ask, Asked, Labelled
from worker.runtime.histogram import CountedHistogram
from worker.runtime.streams import dropped
from worker.runtime.summary import Summary

PREFIX = "component"
UNKNOWN = "unknown"  # the type of what no schema knows: a sender can write anything there
SENT = ("event", "reply", "retry")

_BATCH = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
# A message tells in whole seconds when it was published.
_AGES = (1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 14_400, 86_400)


class Metrics:
    """One set a process, in a registry of its own. Every label is there from the start, at 0."""

    def __init__(self, component: str = "component", types: Iterable[str] = ()) -> None:
        """`types`: of the commands that there are."""
        ours = self._ours = CollectorRegistry()
        self.registry = CollectorRegistry()
        self.registry.register(Labelled(ours, component))
        self.summary = Summary()
        self._asked = Asked(PREFIX)
        self.add(self._asked)
        counter = partial(Counter, namespace=PREFIX, registry=ours)
        histogram = partial(Histogram, namespace=PREFIX, registry=ours)
        self._types = frozenset(types)
        self._commands = counter(
            "commands", "Commands settled, by type and ending.", ["type", "ending"]
        )
        for type_ in (*self._types, UNKNOWN):
            for ending in ENDINGS:
                self._commands.labels(type_, ending)
        self.senders = counter(
            "commands_by_sender",
            "Commands by type, version and sender.",
            ["type", "version", "sender"],
        )
        self.batches = histogram("batch_seconds", "Time from a batch taken to its ack.")
        self.batch_commands = histogram(
            "batch_commands", "Commands settled by a batch.", buckets=_BATCH
        )
        about = "Time from a command's publishing to its commit."
        self.ages = CountedHistogram(f"{PREFIX}_command_age_seconds", about, _AGES)
        self.add(self.ages)
        self.published = _by_kind(counter, "published", "Messages confirmed by the broker.")
        self.returned = _by_kind(counter, "returned", "Messages that no queue wanted.")
        self.unsendable = _by_kind(counter, "unsendable", f"Messages set aside as {UNSENDABLE}.")
        self.reconnects = counter("broker_reconnects", "Connections to the broker after the first.")
        self.ask_counter("log_lines_dropped", "Lines that could not be written.", dropped)

    def settled(self, type: str | None, ending: str, count: int) -> None:
        """Count commands that ended so; a type that nobody knows is no label of its own."""
        self._commands.labels(type if type in self._types else UNKNOWN, ending).inc(count)

    def ask_gauge(self, name: str, about: str, ask: Ask, label: str | None = None) -> None:
        """Show what `ask` returns when somebody looks: a number, one a label, or None: nothing."""
        self._asked.add_gauge(name, about, ask, label)

    def ask_counter(self, name: str, about: str, ask: Ask, label: str | None = None) -> None:
        """Show what somebody else counts, as `ask_gauge` does."""
        self._asked.add_counter(name, about, ask, label)

    def add(self, collector: Collector) -> None:
        """Show what somebody else finds out."""
        self._ours.register(collector)


def _by_kind(counter: "partial[Counter]", name: str, about: str) -> Counter:
    result = counter(name, about, ["kind"])
    for kind in SENT:
        result.labels(kind)
    return result

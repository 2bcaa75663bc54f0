"""What a process counts, for `/metrics` and for the log."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from worker.runtime.streams import dropped
from worker.runtime.summary import Summary


class Metrics:
    """One set a process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.summary = Summary()
        self.commands = Counter(
            "commands", "Commands settled, by ending.", ["ending"], registry=self.registry
        )
        self.batches = Histogram(
            "batch_seconds", "Time from a batch taken to its ack.", registry=self.registry
        )
        self.published = Counter(
            "published",
            "Messages confirmed by the broker, by kind.",
            ["kind"],
            registry=self.registry,
        )
        self.returned = Counter(
            "returned", "Messages that no queue wanted, by kind.", ["kind"], registry=self.registry
        )
        self.unsendable = Counter(
            "unsendable", "Messages set aside, by kind.", ["kind"], registry=self.registry
        )
        self.working = Gauge(
            "working", "1 while this process consumes or relays.", registry=self.registry
        )
        Gauge(
            "log_lines_dropped",
            "Lines that could not be written.",
            registry=self.registry,
        ).set_function(dropped)

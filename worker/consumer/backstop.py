"""The end of commands that killed every worker that took them."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic

import structlog

from worker.amqp.broker import Broker
from worker.amqp.declarations import backstop_queue
from worker.amqp.intake import Intake
from worker.component import Component
from worker.consumer.batches import Batches, Settle
from worker.consumer.held import Held
from worker.consumer.pace import Pace
from worker.consumer.processor import Processor
from worker.consumer.storage import Work
from worker.exceptions import BrokerUnavailable

log = structlog.get_logger()

LONGEST = 60.0  # seconds between two attempts to open the connection


class Crashed(Batches):
    """Gives up what comes, without trying it."""

    def _ways(self, processor: Processor) -> tuple[Settle, Settle]:
        return processor.give_up, processor.give_up


class Backstop:
    """Settles the backstop queue on a connection of its own; to lose it costs the commands nothing.

    What the broker cannot deliver from that queue would else end the commands' connection too.
    """

    def __init__(self, component: Component, connect: Callable[[Broker], Broker]) -> None:
        """`connect` opens a connection beside the given one, and waits for nothing."""
        self._component = component
        self._connect = connect
        self._queue = backstop_queue(component.settings)
        self._broker: Broker | None = None
        self._intake: Intake | None = None
        self._batches: Crashed | None = None
        self._opened = 0.0
        self._pause = 1.0
        self._told = ""
        self._stopped = False
        self._pace = Pace(1, component.settings.batch_seconds)
        self._held = Held()
        # Always empty: these commands are only given up, so there is nothing to rehearse.
        self.failed: Work = deque()

    @property
    def unsettled(self) -> bool:
        return bool(self._batches and self._batches.unsettled)

    @property
    def idle(self) -> float:
        """Return for how many seconds there is nothing to do."""
        return self._batches.idle if self._batches else inf

    def serve(self, main: Broker) -> None:
        """Use the connection, or open it again when it is time to; `main` keeps it alive."""
        with self._losses():
            if self._broker is None:
                self._open(main)
            elif self._broker.lost:
                raise self._broker.lost
            elif self._batches is None and self._broker.is_open:
                self._consume(self._broker)

    def step(self, patience: float) -> Counter[str]:
        """Settle what has come, as `Batches.step` does."""
        endings: Counter[str] = Counter()
        with self._losses():
            if self._batches:
                endings = self._batches.step(patience)
        return endings

    def stop(self) -> None:
        """Take no more; what has come already may still be settled."""
        with self._losses():
            if self._intake:
                self._intake.stop()
        self._stopped = True

    def close(self) -> None:
        """Let go of everything; what is not settled goes back to its queue."""
        broker, self._broker, self._intake, self._batches = self._broker, None, None, None
        if broker:
            broker.close()

    def _open(self, main: Broker) -> None:
        if not self._stopped and monotonic() > self._opened + self._pause:
            self._opened = monotonic()
            self._broker = self._connect(main)

    def _consume(self, broker: Broker) -> None:
        kept = self._component.settings.correlation_headers
        self._intake = Intake(broker, self._queue, 1, kept)
        self._batches = Crashed(self._component, self._intake, self._pace, self._held)

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except BrokerUnavailable as error:
            self._lost(str(error))

    def _lost(self, words: str) -> None:
        """Say so, unless that is nothing new, and wait longer each time."""
        self.close()
        if monotonic() > self._opened + LONGEST:
            self._pause, self._told = 1.0, ""
        if words != self._told:
            log.error("cannot take from the backstop queue", queue=self._queue, error=words)
        self._told = words
        self._opened = monotonic()
        self._pause = min(2 * self._pause, LONGEST)

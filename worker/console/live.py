"""Live events: one thread hears them from the broker, each page that looks has a short queue."""

from collections import deque
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from uuid import UUID

import structlog

from worker.amqp.broker import Broker
from worker.amqp.tail import tail
from worker.amqp.wire import Message
from worker.cli.watching import is_of_interest
from worker.exceptions import BrokerUnavailable
from worker.runtime.showing import without_secrets
from worker.settings import Settings

KEPT = 200  # events that wait for a page; the oldest go first
MOST = 50  # pages at a time

log = structlog.get_logger()


@dataclass(eq=False)
class Listener:
    """A page that looks. `missed`: how many events it was too slow for."""

    types: tuple[str, ...] = ()
    aggregate: UUID | None = None
    correlation: str | None = None
    events: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT))
    missed: int = 0
    trouble: str | None = None

    def hear(self, event: Message) -> None:
        if is_of_interest(event, self.types, self.aggregate, self.correlation):
            self.missed += len(self.events) == KEPT
            self.events.append(event)


class Live:
    """Listens at the event exchange while somebody looks, and only then."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._listeners: set[Listener] = set()
        self._lock = Lock()
        self._closed = Event()
        self._thread: Thread | None = None

    def join(self, listener: Listener) -> bool:
        """Let a page hear; False if there are too many."""
        with self._lock:
            if len(self._listeners) >= MOST or self._closed.is_set():
                return False
            self._listeners = self._listeners | {listener}
            if self._thread is None:
                self._thread = Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        return True

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = self._listeners - {listener}

    @property
    def is_idle(self) -> bool:
        return self._thread is None

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        self._closed.set()
        if thread := self._thread:
            thread.join(5)

    def _run(self) -> None:
        while self._is_wanted():
            try:
                self._listen()
            except BrokerUnavailable as error:
                why = f"The broker is away, and asked again: {without_secrets(str(error))}"
                for listener in self._listeners:
                    listener.trouble = why
                self._closed.wait(2)

    def _is_wanted(self) -> bool:
        """Tell whether to go on; the thread ends otherwise."""
        with self._lock:
            if self._listeners and not self._closed.is_set():
                return True
            self._thread = None
            return False

    def _listen(self) -> None:
        settings = self._settings
        name = f"{settings.component_name} console"
        with Broker(settings.amqp_url, name, settings.heartbeat) as broker:
            tail(broker, settings.event_exchange, self._hear)
            for listener in self._listeners:
                listener.trouble = None
            while self._listeners and not self._closed.is_set():
                broker.step(0.5)

    def _hear(self, event: Message) -> None:
        for listener in self._listeners:
            listener.hear(event)

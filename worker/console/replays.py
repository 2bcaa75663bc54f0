"""Replays that go on while the pages are served: a thread each, with a component of its own."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Any

import structlog

from persistence.exceptions import PersistenceError
from persistence.operations import Operation
from worker.component import Component
from worker.console.refusals import Refusal
from worker.dead.operation import Replaying
from worker.exceptions import Stopped

MOST = 3  # replays at a time
FIRST_NEWS = 10.0  # seconds to wait for the number of an operation
LEAVE = 5.0  # seconds for all of them to end

log = structlog.get_logger()


class Replays:
    """The replays that this console has begun and that still go on."""

    def __init__(self, make: Callable[[], Component]) -> None:
        self._make = make
        self._running: dict[Thread, _Running] = {}

    def start(
        self, ids: Sequence[int], rate: float | None, actor: str, selection: dict[str, Any]
    ) -> int | None:
        """Begin; return the operation's number, None if it is not known in time."""
        self._running = {t: r for t, r in self._running.items() if t.is_alive()}
        if len(self._running) >= MOST:
            raise Refusal(409, "Three replays go on already: wait for one, or stop one.")
        running = _Running()
        given = self._make(), ids, rate, actor, selection, running
        thread = Thread(target=_replay, args=given, name="replay", daemon=True)
        self._running[thread] = running
        thread.start()
        return running.number(FIRST_NEWS)

    def stop(self, operation_id: int) -> bool:
        """Ask an operation to stop; False if it does not go on here."""
        for thread, running in self._running.items():
            if running.operation_id == operation_id and thread.is_alive():
                running.stop.set()
                return True
        return False

    def close(self) -> None:
        until = monotonic() + LEAVE
        for running in self._running.values():
            running.stop.set()
        for thread in self._running:
            thread.join(max(0, until - monotonic()))


class _Running:
    def __init__(self) -> None:
        self.stop = Event()
        self.operation_id: int | None = None
        self._news: SimpleQueue[int | None] = SimpleQueue()

    def __call__(self, operation: Operation, quiet: float) -> None:
        """Hear of the operation, as the one who watches it."""
        if self.operation_id is None:
            self.operation_id = operation.id
            self._news.put(operation.id)
        if self.stop.is_set():
            raise Stopped

    def end(self) -> None:
        self._news.put(None)

    def number(self, seconds: float) -> int | None:
        try:
            return self._news.get(timeout=seconds)
        except Empty:
            return None


def _replay(
    component: Component,
    ids: Sequence[int],
    rate: float | None,
    actor: str,
    selection: dict[str, Any],
    running: _Running,
) -> None:
    try:
        with component.database:
            Replaying(component, ids, running, rate=rate).run(actor, selection)
    except PersistenceError as error:  # the operation's row says so, too
        log.warning("A replay was broken off", error=str(error))
    finally:
        running.end()

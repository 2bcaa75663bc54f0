"""Waiting: a look at stop flag, health and connection is never further away than a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from worker.exceptions import Stopped
from worker.runtime.health import Health
from worker.runtime.stop import StopFlag

TICK = 1.0  # seconds


class Pause:
    """Waits for a process whose one thread has everything to do."""

    def __init__(self, stop: StopFlag, health: Health) -> None:
        self._stop = stop
        self._health = health
        self._serve: Callable[[float], None] | None = None

    @contextmanager
    def serving(self, serve: Callable[[float], None]) -> Iterator[None]:
        """Wait by `serve` while the block lasts: it keeps a connection alive for so many seconds.

        It may return early, when something has come. What it raises, whoever waits hears.
        """
        self._serve = serve
        try:
            yield
        finally:
            self._serve = None

    def __call__(self, seconds: float) -> None:
        """Wait so long. Raises what `moment` raises."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            self.moment(left)

    def moment(self, most: float) -> None:
        """Wait until something comes on the connection, at most so many seconds.

        Raises `Stopped`: without a connection as soon as a stop is asked for, as nothing is held
        then; with one when the time to drain is over.
        """
        self._health.tick()
        seconds = max(0.0, min(most, TICK))
        if self._serve:
            self._stop.check()
            self._serve(seconds)
        elif self._stop:
            raise Stopped
        else:
            sleep(seconds)

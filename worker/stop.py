"""How a process learns that it should stop."""

import os
import signal
from collections.abc import Callable
from time import monotonic
from types import FrameType

from worker.exceptions import Stopped


class StopFlag:
    """Set by SIGTERM or SIGINT, or by the death of the process that supervises us."""

    def __init__(self, drain_timeout: float, supervisor: int | None = None) -> None:
        """`supervisor`: the process id of our parent, where we shall not outlive it."""
        self._drain_timeout = drain_timeout
        self._supervisor = supervisor
        self._since: float | None = None

    def install(self, at_once: Callable[[], None] = lambda: None) -> None:
        """Begin to listen to signals; the second one calls `at_once` and ends the process."""
        self._at_once = at_once
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def set(self) -> None:
        self._since = self._since or monotonic()

    def __bool__(self) -> bool:
        if self._supervisor is not None and os.getppid() != self._supervisor:
            self.set()
        return self._since is not None

    def check(self) -> None:
        """Raise `Stopped` when the time to drain is over."""
        if self and self._since is not None and monotonic() > self._since + self._drain_timeout:
            raise Stopped

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._since is not None:
            self._at_once()
            os._exit(128 + number)
        self.set()

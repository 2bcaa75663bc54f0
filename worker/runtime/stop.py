"""How a process learns that it should stop."""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType

from worker.exceptions import Stopped
from worker.runtime.streams import leave

GRACE = 1.0  # seconds after the drain, to let go in good order
PR_SET_PDEATHSIG = 1  # Linux, prctl(2): the signal to get when the parent ends


class StopFlag:
    """Set by a signal that asks for an end, or by the death of the process that supervises us."""

    def __init__(self, drain_timeout: float, supervisor: int | None = None) -> None:
        """`supervisor`: the process id of our parent, where we shall not outlive it."""
        self._drain_timeout = drain_timeout
        self._supervisor = supervisor
        self._since: float | None = None
        self._interrupted = False

    def install(self, at_once: Callable[[], None] = lambda: None) -> None:
        """Begin to listen to signals; the second Ctrl-C calls `at_once` and ends the process.

        Whoever stops a group of processes may tell each of them twice: that is no second wish.
        """
        self._at_once = at_once
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_interrupt)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` sets it
            signal.signal(signal.SIGHUP, self._on_signal)
        if self._supervisor is not None and sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def set(self) -> None:
        if self._since is None:
            self._since = monotonic()

    def __bool__(self) -> bool:
        if self._supervisor is not None and os.getppid() != self._supervisor:
            self.set()
        return self._since is not None

    @property
    def overdue(self) -> bool:
        """Return whether the time to drain, and to let go, is over."""
        return self._over(self._drain_timeout + GRACE)

    def check(self) -> None:
        """Raise `Stopped` when the time to drain is over."""
        if self._over(self._drain_timeout):
            raise Stopped

    def _over(self, seconds: float) -> bool:
        return bool(self) and self._since is not None and monotonic() > self._since + seconds

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.set()

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            self._at_once()
            leave(128 + number)
        self._interrupted = True
        self.set()


def leave_threads() -> None:
    """End now where Python would wait for a thread that a handler has started, perhaps for ever."""
    others = set(threading.enumerate()) - {threading.main_thread()}
    if not all(thread.daemon for thread in others):
        leave(0)

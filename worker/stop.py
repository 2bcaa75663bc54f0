"""How a process learns that it should stop."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from time import monotonic
from types import FrameType

import structlog

from worker.exceptions import Stopped

log = structlog.get_logger()

GRACE = 1.0  # seconds after the drain, to let go in good order
PR_SET_PDEATHSIG = 1  # Linux, prctl(2): the signal to get when the parent ends


class StopFlag:
    """Set by SIGTERM or SIGINT, or by the death of the process that supervises us."""

    def __init__(self, drain_timeout: float, supervisor: int | None = None) -> None:
        """`supervisor`: the process id of our parent, where we shall not outlive it."""
        self._drain_timeout = drain_timeout
        self._supervisor = supervisor
        self._since: float | None = None
        self._enforced = False

    def install(self, at_once: Callable[[], None] = lambda: None) -> None:
        """Begin to listen to signals; the second one calls `at_once` and ends the process."""
        self._at_once = at_once
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        if self._supervisor is not None and sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def enforce(self) -> None:
        """End the process after the time to drain, too, when it is stuck in some driver by then."""
        signal.signal(signal.SIGALRM, self._on_alarm)
        self._enforced = True

    def set(self) -> None:
        if self._since is None:
            self._since = monotonic()
            if self._enforced:
                signal.setitimer(signal.ITIMER_REAL, self._drain_timeout + GRACE)

    def __bool__(self) -> bool:
        if self._supervisor is not None and os.getppid() != self._supervisor:
            self.set()
        return self._since is not None

    def check(self) -> None:
        """Raise `Stopped` when the time to drain is over."""
        if self and self._since is not None and monotonic() > self._since + self._drain_timeout:
            raise Stopped

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        log.warning("stopped in the middle of something; it goes back to the queue")
        os._exit(0)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._since is not None:
            self._at_once()
            os._exit(128 + number)
        self.set()

"""The process that keeps consumers and a relay running."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic, sleep

import structlog

from worker.stop import StopFlag

log = structlog.get_logger()

SHORT_LIFE = 10.0  # seconds: a child that dies younger is started again later and later
LONGEST_PAUSE = 30.0


class Child:
    """One process of ours, started again when it dies."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self._arguments = [sys.executable, "-m", "worker", *arguments]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.5
        self._start_at = 0.0
        self.name = arguments[0]

    def keep_running(self) -> None:
        """Start the process if it is not running and it is time to."""
        if self._process is not None and self._process.poll() is not None:
            self._note_death(self._process)
        if self._process is None and monotonic() >= self._start_at:
            # A group of its own: the terminal's Ctrl-C reaches it through us, once.
            self._process = subprocess.Popen(
                self._arguments, env=self._environment, process_group=0
            )
            self._started_at = monotonic()

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def wait(self, timeout: float) -> int | None:
        """Return the exit code; after `timeout` seconds, kill the process."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _note_death(self, process: "subprocess.Popen[bytes]") -> None:
        short = monotonic() - self._started_at < SHORT_LIFE
        self._pause = min(2 * self._pause, LONGEST_PAUSE) if short else 0.5
        self._start_at = monotonic() + self._pause
        self._process = None
        log.error("child died", child=self.name, pid=process.pid, code=process.returncode)


def supervise(children: Sequence[Child], stop: StopFlag, drain_timeout: float) -> int:
    """Keep the children running until the stop flag is set; return the worst exit code."""
    while not stop:
        for child in children:
            child.keep_running()
        sleep(0.2)
    for child in children:
        child.terminate()
    by = monotonic() + drain_timeout + 10
    codes = [child.wait(max(0.0, by - monotonic())) for child in children]
    # A child that was only just starting knows no better than to die of the signal.
    return max((abs(code) for code in codes if code not in (None, -signal.SIGTERM)), default=0)


def kill_all(children: Sequence[Child]) -> None:
    """End the children at once, whatever they are doing."""
    for child in children:
        child.kill()

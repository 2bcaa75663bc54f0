"""The process that keeps consumers and a relay running."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic, sleep

import structlog

from worker.runtime.stop import StopFlag

log = structlog.get_logger()

SHORT_LIFE = 10.0  # seconds: a child that dies younger is started again later and later
LONGEST_PAUSE = 30.0
LOOK = 0.2  # seconds between two looks at the children
STOOD_STILL = 3.0  # seconds between two looks that tell that we were stopped ourselves
AT_THE_END = 5.0  # seconds after the time to drain, to end by themselves


class Child:
    """One process of ours, started again when it dies, and ended when it is frozen."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: dict[str, str], limit: float
    ) -> None:
        """`limit`: seconds without a pulse of it after which it will never do anything again."""
        self.name = name
        self._arguments = [sys.executable, "-m", "worker", *arguments, "--named", name]
        self._environment = {**os.environ, **environment}
        self._limit = limit
        self._process: subprocess.Popen[bytes] | None = None
        self._pulse = -1
        self._pause = 0.5
        self._start_at = 0.0
        self._looked = 0.0
        self._heard: float | None = None

    def keep_running(self) -> None:
        """Start the process if it is not running and it is time to; end it if it is frozen."""
        if self._process is not None and self._process.poll() is not None:
            self._note_death(self._process)
        if self._process is not None:
            self._listen(self._process)
        elif monotonic() >= self._start_at:
            try:
                self._start()
            except OSError as error:  # there may be room for a process, or memory, in a moment
                self._start_later()
                log.error("child cannot be started", child=self.name, error=str(error))

    def _start(self) -> None:
        pulse, theirs = os.pipe()
        os.set_blocking(pulse, False)
        try:
            # A group of its own: the terminal's Ctrl-C reaches it through us, once.
            self._process = subprocess.Popen(
                [*self._arguments, "--pulse", str(theirs)],
                env=self._environment,
                process_group=0,
                pass_fds=[theirs],
            )
        except OSError:
            os.close(pulse)
            raise
        finally:
            os.close(theirs)
        self._pulse = pulse
        self._started_at = self._looked = monotonic()
        self._heard = None  # it says nothing until it is there

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        now = monotonic()
        with suppress(BlockingIOError):
            if os.read(self._pulse, 65536):
                self._heard = now
        if self._heard is not None:
            if now - self._looked > STOOD_STILL:
                self._heard = now  # who stopped us may have stopped it, too
            if now - self._heard > self._limit:
                self._end_frozen(process, now - self._heard)
        self._looked = now

    def _end_frozen(self, process: "subprocess.Popen[bytes]", silent: float) -> None:
        log.error("child is frozen", child=self.name, pid=process.pid, silent=round(silent, 1))
        process.send_signal(signal.SIGUSR1)  # where it can, it shows where it is
        sleep(LOOK)
        process.kill()
        self._heard = None

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

    def _start_later(self, *, soon: bool = False) -> None:
        self._pause = 0.5 if soon else min(2 * self._pause, LONGEST_PAUSE)
        self._start_at = monotonic() + self._pause

    def _note_death(self, process: "subprocess.Popen[bytes]") -> None:
        self._start_later(soon=monotonic() - self._started_at >= SHORT_LIFE)
        self._process = None
        os.close(self._pulse)
        log.error("child died", child=self.name, pid=process.pid, code=process.returncode)


def supervise(children: Sequence[Child], stop: StopFlag, drain_timeout: float) -> int:
    """Keep the children running until the stop flag is set; return the worst exit code."""
    while not stop:
        for child in children:
            child.keep_running()
        sleep(LOOK)
    for child in children:
        child.terminate()
    by = monotonic() + drain_timeout + AT_THE_END
    codes = [child.wait(max(0.0, by - monotonic())) for child in children]
    # A child that was only just starting knows no better than to die of the signal.
    return max((abs(code) for code in codes if code not in (None, -signal.SIGTERM)), default=0)


def kill_all(children: Sequence[Child]) -> None:
    """End the children at once, whatever they are doing."""
    for child in children:
        child.kill()

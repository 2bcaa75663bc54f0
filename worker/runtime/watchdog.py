"""Ends a process that hangs, so that the broker gives to others what it holds."""

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from time import monotonic, sleep

import structlog

from worker.runtime.health import Health
from worker.runtime.stop import StopFlag
from worker.runtime.streams import leave, unblocked
from worker.settings import Settings

log = structlog.get_logger()

HUNG = 70  # the exit code: an internal error, as sysexits.h has it
INTERVAL = 1.0  # seconds between two looks
ASLEEP = 3.0  # seconds between two looks that tell of a machine or a process that stood still
OUTSIDE = 300.0  # seconds of silence while the broker does not have us: connecting may be slow
LEEWAY = 5.0  # seconds later, what the thread should have ended is ended without it


def patience(settings: Settings) -> float:
    """Return the seconds that a main loop may be silent.

    After two heartbeats the broker has dropped us. Leaving a broker that is gone takes 5 seconds.
    """
    return max(2.0 * settings.heartbeat, 8.0)


AT_ONCE = 2 * (os.cpu_count() or 1)  # seconds of work that all processors do in two of the clock


class Watchdog:
    """Looks from a thread of its own whether the main loop turns, and whether the drain ends.

    While the broker does not have us, much more time is given: nothing waits for us then.
    """

    def __init__(
        self, health: Health, stop: StopFlag, limit: float, pulse: int | None = None
    ) -> None:
        """`pulse`: the pipe by which our supervisor hears that we are there."""
        self._health = health
        self._stop = stop
        self._limit = limit
        self._pulse = pulse
        self._looked = self._awake_since = monotonic()
        if pulse is not None:
            os.set_blocking(pulse, False)

    def start(self) -> None:
        end_by_timer()
        self._wind_up()
        threading.Thread(target=self._look_for_ever, name="watchdog", daemon=True).start()

    def _look_for_ever(self) -> None:
        while True:
            self._wind_up()
            self._tell_supervisor()
            self.look()
            sleep(INTERVAL)

    def look(self) -> None:
        """End the process if it is time to."""
        now = monotonic()
        if now - self._looked > ASLEEP:
            self._awake_since = now  # we stood still with all the others: they begin anew
        self._looked = now
        if self._stop:
            if self._stop.overdue:
                log.warning("stopped in the middle of something; it goes back to the queue")
                leave(0)
            return
        silent = now - max(self._health.ticked, self._awake_since)
        if silent > (self._limit if self._health.serving else OUTSIDE):
            log.error(
                "the main loop hangs: this process ends", silent=round(silent), stacks=stacks()
            )
            leave(HUNG)

    def _wind_up(self) -> None:
        """Begin the timer anew. It counts what the processors do for us: stopped, we are spared."""
        signal.setitimer(signal.ITIMER_PROF, self._limit + LEEWAY + AT_ONCE)

    def _tell_supervisor(self) -> None:
        """Say that this thread runs. Where no thread can, only somebody outside can end us."""
        if self._pulse is not None:
            with suppress(OSError):  # it has no room where nobody listens
                os.write(self._pulse, b".")


def stacks() -> str:
    """Return where every thread is, the main thread first."""
    frames = sys._current_frames()
    threads = sorted(threading.enumerate(), key=lambda t: t is not threading.main_thread())
    return "\n".join(
        f"{thread.name}:\n{''.join(traceback.format_stack(frames[thread.ident]))}"
        for thread in threads
        if thread.ident in frames and thread is not threading.current_thread()
    )


def end_by_timer() -> None:
    """Let the timer end us where no thread gets a turn: a C function that keeps the interpreter.

    Process 1 of a container is not ended by a signal, unless its handler is the end itself.
    """
    libc = ctypes.CDLL(None)
    libc.signal(signal.SIGPROF, ctypes.cast(libc._exit, ctypes.c_void_p))
    faulthandler.register(signal.SIGPROF, file=unblocked(), chain=True)


def show_stacks_on_signals() -> None:
    """Let a crash, SIGQUIT (which ends us) and SIGUSR1 (which does not) show where we are."""
    output = unblocked()
    faulthandler.enable(file=output)
    faulthandler.register(signal.SIGUSR1, file=output)
    faulthandler.register(signal.SIGQUIT, file=output, chain=True)

"""Who is ended by the watchdog, and who is not; the processes themselves are in `integration`."""

import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from tests.support.pipes import fill
from tests.unit.worker.runtime.test_stop import ran
from worker.runtime import stop as stop_module
from worker.runtime import watchdog as module
from worker.runtime.stop import StopFlag
from worker.runtime.watchdog import HUNG, Watchdog, stacks


class Left(BaseException):
    pass


class World:
    """A clock of the test's own, and a main loop that ticks when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(stop_module, "monotonic", lambda: self.now)
        monkeypatch.setattr(module, "leave", self._leave)
        self.stop = StopFlag(drain_timeout=30)
        self.health = SimpleNamespace(serving=True, ticked=self.now)
        self.watchdog = Watchdog(self.health, self.stop, limit=60)  # type: ignore[arg-type]

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.watchdog.look()

    def _leave(self, code: int) -> NoReturn:
        raise Left(code)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_loop_that_is_silent_for_long_ends_the_process(world):
    world.pass_time(60)
    with pytest.raises(Left, match=str(HUNG)):
        world.pass_time(1)


def test_the_log_says_that_it_hung(world):
    with capture_logs() as logs, pytest.raises(Left):
        world.pass_time(61)
    assert [(log["log_level"], log["silent"]) for log in logs] == [("error", 61)]


def test_a_loop_that_turns_is_left_alone(world):
    for _ in range(5):
        world.pass_time(60)
        world.health.ticked = world.now


def test_whom_the_broker_does_not_have_gets_more_time(world):
    world.health.serving = False
    world.pass_time(300)
    with pytest.raises(Left, match=str(HUNG)):
        world.pass_time(1)


def test_a_process_that_stood_still_begins_anew(world):
    world.now += 3600
    world.pass_time(60)
    with pytest.raises(Left):
        world.pass_time(2)


def test_a_drain_may_take_its_time_and_no_more(world):
    world.pass_time(59)
    world.stop.set()
    world.pass_time(31)
    with pytest.raises(Left, match="0"):
        world.pass_time(1)


def test_a_loop_that_was_never_heard_of_ends_with_the_time_to_drain_too(world):
    world.health.serving = False
    world.stop.set()
    with pytest.raises(Left, match="0"):
        world.pass_time(32)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def test_a_supervisor_hears_the_pulse(world, pipe):
    reader, writer = pipe
    watchdog = Watchdog(world.health, world.stop, 60, pulse=writer)
    watchdog._tell_supervisor()
    assert os.read(reader, 10) == b"."
    os.close(reader)


def test_a_pulse_that_nobody_hears_harms_nobody(world, pipe):
    reader, writer = pipe
    watchdog = Watchdog(world.health, world.stop, 60, pulse=writer)
    fill(writer)
    watchdog._tell_supervisor()
    os.close(reader)
    watchdog._tell_supervisor()


PROCESS = """
import os, re, signal, sys, threading
from types import SimpleNamespace
from worker.runtime.stop import StopFlag
from worker.runtime import watchdog
from time import monotonic
health = SimpleNamespace(serving=True, ticked=monotonic())
stop = StopFlag(0)
stop.install()
watchdog.Watchdog(health, stop, limit=1).start()

def where_it_hangs():
    print("working", flush=True)
    {work}

where_it_hangs()
print("never")
"""


def test_a_process_whose_loop_hangs_is_ended_with_its_stacks():
    result = ran(PROCESS.format(work="os.read(os.pipe()[0], 1)"))
    assert result.returncode == HUNG
    assert "in where_it_hangs" in result.stdout
    assert "never" not in result.stdout


def test_a_process_in_which_no_thread_gets_a_turn_is_ended_with_its_stacks():
    soon = "from worker.runtime import watchdog; watchdog.LEEWAY = watchdog.AT_ONCE = 0\n"
    result = ran(soon + PROCESS.format(work="re.match('(a|a)*$', 'a' * 100 + 'b')"))
    assert result.returncode == signal.SIGPROF
    assert "in where_it_hangs" in result.stderr
    assert "never" not in result.stdout


def test_a_process_that_is_stuck_ends_well_after_the_time_to_drain():
    work = "os.kill(os.getpid(), signal.SIGTERM); os.read(os.pipe()[0], 1)"
    result = ran(PROCESS.format(work=work))
    assert result.returncode == 0
    assert "it goes back to the queue" in result.stdout


def test_stacks_begin_with_the_main_thread(monkeypatch):
    threads = threading.enumerate()
    monkeypatch.setattr(threading, "enumerate", lambda: [thread, *threads])
    shown: list[str] = []
    thread = threading.Thread(target=lambda: shown.append(stacks()))
    other = threading.Event()
    threads.insert(0, threading.Thread(target=other.wait, name="other"))
    threads[0].start()
    thread.start()
    thread.join()
    other.set()
    assert shown[0].startswith("MainThread:\n")
    assert "\nother:\n" in shown[0]

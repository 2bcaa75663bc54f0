"""The supervisor's back-off, with processes and a clock of the test's own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from worker.runtime import supervisor as module
from worker.runtime.supervisor import Child, supervise


class FakeProcess:
    """A process that ends when the test says so."""

    pid = 4711

    def __init__(self, arguments: list[str], **options: Any) -> None:
        self.arguments = arguments
        self.options = options
        self.returncode: int | None = None
        self.terminated = False
        self.signals: list[int] = []
        self.pulse = os.dup(options["pass_fds"][0])

    def poll(self) -> int | None:
        return self.returncode

    def terminate(self) -> None:
        self.terminated = True
        self.returncode = 0 if self.returncode is None else self.returncode

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def kill(self) -> None:
        self.signals.append(signal.SIGKILL)
        self.returncode = -signal.SIGKILL

    def beat(self) -> None:
        os.write(self.pulse, b".")

    def wait(self, timeout: float | None = None) -> int | None:
        return self.returncode


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.started: list[FakeProcess] = []
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(module, "sleep", lambda seconds: None)
        monkeypatch.setattr(module.subprocess, "Popen", self._start)

    def _start(self, arguments: list[str], **options: Any) -> FakeProcess:
        self.started.append(FakeProcess(arguments, **options))
        return self.started[-1]

    def die_after(self, child: Child, seconds: float) -> float:
        """Let the running process live so long; return how long the next one is waited for."""
        self.now += seconds
        self.started[-1].returncode = 1
        died, count = self.now, len(self.started)
        for _ in range(100_000):
            child.keep_running()
            if len(self.started) > count:
                return self.now - died
            self.now += 0.01
        raise AssertionError("not started again")

    def pass_time(self, child: Child, seconds: float, *, beating: bool = False) -> None:
        """Let time pass while the supervisor looks each second."""
        for _ in range(int(seconds)):
            self.now += 1
            if beating:
                self.started[-1].beat()
            child.keep_running()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(monkeypatch)
    yield world
    for process in world.started:
        os.close(process.pulse)


@pytest.fixture
def child(world: World) -> Child:
    child = Child("consume-1", ["consume"], {"HTTP_PORT": "1234"}, limit=20)
    child.keep_running()
    return child


def test_a_child_is_a_process_of_the_worker(world, child):
    assert world.started[0].arguments[1:4] == ["-m", "worker", "consume"]


def test_a_child_is_told_the_name_by_which_it_speaks(world, child):
    arguments = world.started[0].arguments
    assert arguments[arguments.index("--named") + 1] == "consume-1"


def test_a_child_gets_settings_of_its_own(world, child):
    assert world.started[0].options["env"]["HTTP_PORT"] == "1234"


def test_a_child_that_runs_is_not_started_twice(world, child):
    child.keep_running()
    assert len(world.started) == 1


def test_a_child_that_dies_is_started_again(world, child):
    world.die_after(child, 1)
    assert len(world.started) == 2


def test_a_child_that_keeps_dying_is_started_later_and_later(world, child):
    pauses = [world.die_after(child, 1) for _ in range(5)]
    assert pauses == pytest.approx([1, 2, 4, 8, 16], abs=0.05)


def test_a_child_that_keeps_dying_is_waited_for_half_a_minute_at_most(world, child):
    pauses = [world.die_after(child, 1) for _ in range(12)]
    assert max(pauses) == pytest.approx(30, abs=0.05)


def test_a_child_that_lived_long_is_started_again_soon(world, child):
    for _ in range(5):
        world.die_after(child, 1)
    assert world.die_after(child, 3600) == pytest.approx(0.5, abs=0.05)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_where_there_is_no_room_for_a_process_it_is_started_later(world, monkeypatch):
    full = [BlockingIOError(11, "Resource temporarily unavailable")] * 3
    start = module.subprocess.Popen

    def starts(*arguments: Any, **options: Any) -> Any:
        if full:
            raise full.pop()
        return start(*arguments, **options)

    monkeypatch.setattr(module.subprocess, "Popen", starts)
    child, before = Child("relay", ["relay"], {}, limit=20), descriptors()
    with capture_logs() as logs:
        child.keep_running()
        assert descriptors() == before
        world.pass_time(child, 8)
    assert [line["event"] for line in logs] == ["child cannot be started"] * 3
    assert len(world.started) == 1
    child.wait(0)


def test_children_are_told_to_stop_and_the_worst_code_is_returned(world, child):
    other = Child("relay", ["relay"], {}, limit=20)
    other.keep_running()
    world.started[1].returncode = -9
    assert supervise([child, other], stop=True, drain_timeout=1) == 9
    assert world.started[0].terminated


def test_children_that_stop_well_make_a_good_end(child):
    assert supervise([child], stop=True, drain_timeout=1) == 0


def test_a_child_that_never_ran_needs_no_end(world):
    assert supervise([Child("relay", ["relay"], {}, limit=20)], stop=True, drain_timeout=1) == 0
    assert world.started == []


def test_a_child_whose_pulse_stops_shows_its_stacks_and_is_killed(world, child):
    world.pass_time(child, 5, beating=True)
    with capture_logs() as logs:
        world.pass_time(child, 21)
    assert world.started[0].signals == [signal.SIGUSR1, signal.SIGKILL]
    assert [(log["event"], log["log_level"]) for log in logs] == [("child is frozen", "error")]


def test_a_child_that_was_killed_is_started_again(world, child):
    world.pass_time(child, 5, beating=True)
    world.pass_time(child, 24)
    assert len(world.started) == 2


def test_a_child_whose_pulse_goes_on_is_left_alone(world, child):
    world.pass_time(child, 300, beating=True)
    assert world.started[0].signals == []


def test_a_child_that_has_not_begun_may_take_its_time(world, child):
    world.pass_time(child, 300)
    assert world.started[0].signals == []


def test_a_supervisor_that_stood_still_hears_what_was_said_meanwhile(world, child):
    world.pass_time(child, 5, beating=True)
    world.started[0].beat()
    world.now += 3600
    child.keep_running()
    world.pass_time(child, 19)
    assert world.started[0].signals == []


def test_a_supervisor_that_stood_still_with_its_children_gives_them_time(world, child):
    world.pass_time(child, 5, beating=True)
    world.now += 3600
    child.keep_running()
    assert world.started[0].signals == []
    world.pass_time(child, 21)
    assert world.started[0].signals == [signal.SIGUSR1, signal.SIGKILL]

"""The supervisor's back-off, with processes and a clock of the test's own."""

from typing import Any

import pytest

from worker import supervisor as module
from worker.supervisor import Child, supervise


class FakeProcess:
    """A process that ends when the test says so."""

    pid = 4711

    def __init__(self, arguments: list[str], **options: Any) -> None:
        self.arguments = arguments
        self.options = options
        self.returncode: int | None = None
        self.terminated = False

    def poll(self) -> int | None:
        return self.returncode

    def terminate(self) -> None:
        self.terminated = True
        self.returncode = 0 if self.returncode is None else self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        return self.returncode


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.started: list[FakeProcess] = []
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
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


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def child(world: World) -> Child:
    child = Child(["consume"], {"HTTP_PORT": "1234"})
    child.keep_running()
    return child


def test_a_child_is_a_process_of_the_worker(world, child):
    assert world.started[0].arguments[1:] == ["-m", "worker", "consume"]


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


def test_children_are_told_to_stop_and_the_worst_code_is_returned(world, child):
    other = Child(["relay"], {})
    other.keep_running()
    world.started[1].returncode = -9
    assert supervise([child, other], stop=True, drain_timeout=1) == 9
    assert world.started[0].terminated


def test_children_that_stop_well_make_a_good_end(child):
    assert supervise([child], stop=True, drain_timeout=1) == 0


def test_a_child_that_never_ran_needs_no_end(world):
    assert supervise([Child(["relay"], {})], stop=True, drain_timeout=1) == 0
    assert world.started == []

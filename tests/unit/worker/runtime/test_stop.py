import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.project import PYTHON, ROOT, environment
from worker.exceptions import Stopped
from worker.runtime import stop as module
from worker.runtime.stop import StopFlag


@pytest.fixture
def signals() -> Iterator[None]:
    """Put the handlers back that were there."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ran(script: str) -> "subprocess.CompletedProcess[str]":
    """Run the script and return when its last process has closed the pipe."""
    return subprocess.run(
        [PYTHON, "-c", script],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_nothing_asks_for_a_stop_at_first():
    assert not StopFlag(10)


def test_a_flag_that_was_set_stays_set():
    flag = StopFlag(10)
    flag.set()
    assert flag


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_asks_for_a_stop(number):
    flag = StopFlag(10)
    flag.install()
    os.kill(os.getpid(), number)
    assert flag


@pytest.mark.usefixtures("signals")
def test_a_hangup_that_nohup_had_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    flag = StopFlag(10)
    flag.install()
    os.kill(os.getpid(), signal.SIGHUP)
    assert not flag


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGHUP),
        (signal.SIGINT, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
    ],
)
def test_another_signal_after_the_first_changes_nothing(numbers):
    script = f"""
import os
from worker.runtime.stop import StopFlag
flag = StopFlag(10)
flag.install(at_once=lambda: print("at once", flush=True))
for number in {[int(number) for number in numbers]}:
    os.kill(os.getpid(), number)
print("draining", bool(flag), flush=True)
"""
    result = ran(script)
    assert (result.stdout, result.returncode) == ("draining True\n", 0)


def test_a_second_ctrl_c_ends_the_process_at_once():
    script = """
import os, signal
from worker.runtime.stop import StopFlag
flag = StopFlag(10)
flag.install(at_once=lambda: print("at once", flush=True))
os.kill(os.getpid(), signal.SIGINT)
print("draining", flush=True)
os.kill(os.getpid(), signal.SIGINT)
print("never")
"""
    result = ran(script)
    assert (result.stdout, result.returncode) == ("draining\nat once\n", 128 + signal.SIGINT)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_process_that_is_stuck_does_not_outlive_its_supervisor():
    script = """
import os, signal
from worker.runtime.stop import StopFlag
supervisor = os.getpid()
installed, ready = os.pipe()
child = os.fork()
if child == 0:
    StopFlag(60, supervisor).install()
    print("stuck", flush=True)
    os.write(ready, b"!")
    signal.alarm(60)  # where nobody ends it, and `ran` has given up
    nothing, _ = os.pipe()
    os.read(nothing, 1)
    print("never")
else:
    os.read(installed, 1)
"""
    result = ran(script)
    assert result.stdout == "stuck\n"


def test_a_process_whose_supervisor_lives_goes_on():
    assert not StopFlag(10, supervisor=os.getppid())


def test_a_process_whose_supervisor_died_stops(monkeypatch):
    flag = StopFlag(10, supervisor=os.getppid())
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert flag


def test_nobody_is_stopped_while_there_is_time_to_drain():
    flag = StopFlag(10)
    flag.set()
    flag.check()
    assert flag


def test_without_a_stop_the_time_to_drain_does_not_run(monkeypatch):
    flag = StopFlag(10)
    monkeypatch.setattr(module, "monotonic", lambda: 10**9)
    flag.check()
    assert not flag


def test_the_time_to_drain_ends(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    flag = StopFlag(10)
    flag.set()
    now = 1010.1
    with pytest.raises(Stopped):
        flag.check()


def test_setting_the_flag_again_gives_no_more_time(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    flag = StopFlag(10)
    flag.set()
    now = 1009.0
    flag.set()
    now = 1010.1
    with pytest.raises(Stopped):
        flag.check()


def test_a_stop_is_overdue_a_moment_after_the_time_to_drain(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    flag = StopFlag(10)
    assert not flag.overdue
    flag.set()
    now = 1010.9
    assert not flag.overdue
    now = 1011.1
    assert flag.overdue

"""Processes that die, anywhere or where it hurts most, and one that hangs."""

import random
import signal
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.scene import CONSUMERS, RELAYS, Scene
from tests.chaos.worker import SLOW_MARK
from tests.support.health import get
from tests.support.kill_points import CONSUMER_POINTS, RELAY_POINTS
from tests.support.waiting import hold, wait_for
from worker.runtime.watchdog import HUNG

DROPPED = "log_lines_dropped"  # the metric's name, without prefix and suffix


def kill_a_consumer(scene: Scene) -> None:
    _kill(scene, random.choice(CONSUMERS))


def kill_a_relay(scene: Scene) -> None:
    _kill(scene, random.choice(RELAYS))


def kill_everything(scene: Scene) -> None:
    _kill(scene, *scene.processes)


def drain_a_consumer(scene: Scene) -> None:
    role = random.choice(CONSUMERS)
    process = scene.processes[role]
    process.wait_for_log('"consuming"')  # before it has its signal handler, a signal just ends it
    process.signal(signal.SIGTERM)  # twice, as by a process group and by its supervisor
    assert process.stop(30) == 0, process.log()
    scene.start(role)


def freeze_the_relay(scene: Scene) -> None:
    """The relay that works stands still, and its session with the lock stays open meanwhile."""
    leader, other = RELAYS
    scene.kill(other)
    heard = scene.subscriber.distinct()
    wait_for(lambda: scene.subscriber.distinct() > heard + 20, "events of the one relay", 60)
    scene.start(other)
    scene.processes[leader].signal(signal.SIGSTOP)
    try:
        scene.processes[other].wait_for_log('"relaying"', 120)
    finally:
        scene.processes[leader].signal(signal.SIGCONT)


def write_logs_nowhere(scene: Scene) -> None:
    """A disk that is full of logs: every line is refused."""
    role = random.choice(CONSUMERS)
    scene.kill(role)
    process = scene.start(role, output=Path("/dev/full"), LOG_LEVEL="debug")
    wait_for(lambda: _dropped_lines(scene, role) > 10, "lines that could not be written", 60)
    assert process.code is None
    _kill(scene, role)


def slow_handlers(scene: Scene) -> None:
    """Each command takes twenty milliseconds more than it did."""
    with TemporaryDirectory() as folder:
        marks = {role: Path(folder) / role for role in CONSUMERS}
        scene.kill(*CONSUMERS)
        for role, mark in marks.items():
            scene.start(role, **{SLOW_MARK: str(mark)})
        wait_for(lambda: all(mark.exists() for mark in marks.values()), "slow handlers", 60)
        hold(3)
    _kill(scene, *CONSUMERS)


def let_a_handler_hang(scene: Scene) -> None:
    role = random.choice(CONSUMERS)
    scene.kill(role)
    process = scene.start(role, module="tests.support.hanging", HANG_AT=str(random.randint(1, 100)))
    assert process.wait(60) == HUNG, process.log()
    scene.start(role)


def _aimed(point: str) -> Callable[[Scene], None]:
    def kill(scene: Scene) -> None:
        # The other consumer may stay; the other relay may not, since one works at a time.
        roles = RELAYS if point in RELAY_POINTS else (random.choice(CONSUMERS),)
        scene.kill(*roles)
        with TemporaryDirectory() as folder:
            mark = Path(folder) / "mark"
            scene.start(
                roles[0],
                module="tests.support.kill_points",
                KILL_POINT=point,
                KILL_AT=str(random.randint(1, 5)),
                KILL_MARK=str(mark),
            )
            scene.killed(roles[0], seconds=60)
            assert mark.read_text() == point
        for role in roles:
            scene.start(role)

    kill.__name__ = f"kill {point}"
    return kill


AIMED = [_aimed(point) for point in (*CONSUMER_POINTS, *RELAY_POINTS)]


def _dropped_lines(scene: Scene, role: str) -> float:
    _, text = get(scene.ports[role], "/metrics")
    lines = (line.split() for line in text.splitlines() if DROPPED in line.split("{")[0])
    return sum(float(words[-1]) for words in lines if words[0] != "#")


def _kill(scene: Scene, *roles: str) -> None:
    scene.kill(*roles)
    for role in roles:
        scene.start(role)

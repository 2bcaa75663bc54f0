"""Processes that die, anywhere or where it hurts most, and one that hangs."""

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.scene import CONSUMERS, RELAYS, Scene
from tests.support.kill_points import CONSUMER_POINTS, RELAY_POINTS
from worker.watchdog import HUNG


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
    assert process.stop(30) == 0, process.log()
    scene.start(role)


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


def _kill(scene: Scene, *roles: str) -> None:
    scene.kill(*roles)
    for role in roles:
        scene.start(role)

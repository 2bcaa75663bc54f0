"""What is done to the component. Every fault proves that it happened, or fails the run."""

import os
import random
import signal
from collections.abc import Callable
from time import monotonic, sleep

from tests.chaos.scene import HEARTBEAT, Scene
from tests.support.waiting import wait_for

Fault = Callable[[Scene], None]


def kill_a_consumer(scene: Scene) -> None:
    _kill(scene, random.choice(["consume 1", "consume 2"]))


def kill_a_relay(scene: Scene) -> None:
    _kill(scene, random.choice(["relay 1", "relay 2"]))


def kill_everything(scene: Scene) -> None:
    for role in scene.processes:
        os.kill(scene.processes[role].pid, signal.SIGKILL)
    for role in list(scene.processes):
        assert scene.processes[role].wait(10) == -signal.SIGKILL
        scene.start(role)


def drain_a_consumer(scene: Scene) -> None:
    role = random.choice(["consume 1", "consume 2"])
    process = scene.processes[role]
    process.wait_for_log('"consuming"')  # before it has its signal handler, a signal just ends it
    assert process.stop(30) == 0, process.log()
    scene.start(role)


def restart_the_database(scene: Scene) -> None:
    before = scene.database.pid
    scene.database.kill()
    wait_for(lambda: not _alive(before), "the database's end")
    _hold(random.uniform(0, 2))
    scene.database.start()
    assert scene.database.pid != before


def restart_the_broker(scene: Scene) -> None:
    before = scene.broker.pid
    scene.broker.kill()
    wait_for(lambda: not _alive(before), "the broker's end")
    scene.broker.start()
    assert scene.broker.pid != before


def cut_off_the_broker(scene: Scene) -> None:
    _cut(scene, "broker_proxy")


def cut_off_the_database(scene: Scene) -> None:
    _cut(scene, "database_proxy")


def silence_the_broker(scene: Scene) -> None:
    _silence(scene, "broker_proxy", "the broker is away")


def silence_the_database(scene: Scene) -> None:
    _silence(scene, "database_proxy", "the database is away")


def reset_connections_in_mid_frame(scene: Scene) -> None:
    before = scene.broker_proxy.cut + scene.database_proxy.cut
    scene.broker_proxy.reset()
    scene.database_proxy.reset()
    assert scene.broker_proxy.cut + scene.database_proxy.cut > before


def slow_both_servers_down(scene: Scene) -> None:
    scene.broker_proxy.slow()
    scene.database_proxy.slow()
    _hold(2)
    scene.broker_proxy.up()
    scene.database_proxy.up()


def block_publishers(scene: Scene) -> None:
    """Set off the memory alarm: the broker stops to read from whoever publishes."""
    scene.broker.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    wait_for(
        lambda: "memory" in scene.broker.ctl("eval", "rabbit_alarm:get_alarms()."), "the alarm"
    )
    _hold(2)
    scene.broker.ctl("set_vm_memory_high_watermark", "absolute", "1GB")


def lock_the_table(scene: Scene) -> None:
    with scene.system.locked("entities"):
        _hold(3)


FAULTS: tuple[Fault, ...] = (
    kill_a_consumer,
    kill_a_relay,
    kill_everything,
    drain_a_consumer,
    restart_the_database,
    restart_the_broker,
    cut_off_the_broker,
    cut_off_the_database,
    silence_the_broker,
    silence_the_database,
    reset_connections_in_mid_frame,
    slow_both_servers_down,
    block_publishers,
    lock_the_table,
)
# The cheap ones come more often, as they do in life.
WEIGHTS = (8, 6, 2, 2, 2, 1, 2, 2, 1, 1, 3, 1, 1, 1)


def _kill(scene: Scene, role: str) -> None:
    process = scene.processes[role]
    process.signal(signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    scene.start(role)


def _cut(scene: Scene, name: str) -> None:
    proxy = getattr(scene, name)
    before = proxy.cut
    proxy.down()
    assert proxy.cut > before, "there was no connection to cut"
    _hold(random.uniform(0.1, 3))
    proxy.up()


def _silence(scene: Scene, name: str, words: str) -> None:
    proxy = getattr(scene, name)
    before = proxy.swallowed
    noticed = {role: process.log().count(words) for role, process in scene.processes.items()}
    proxy.silent()
    try:
        wait_for(
            lambda: any(
                scene.processes[role].log().count(words) > count for role, count in noticed.items()
            ),
            f"somebody to notice: {words}",
            10 * HEARTBEAT,
        )
        assert proxy.swallowed > before
    finally:
        proxy.up()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _hold(seconds: float) -> None:
    """Keep the fault up for a while: this is its length, not a wait for anything."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        sleep(0.05)

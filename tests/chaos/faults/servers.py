"""Servers that crash, fill up, refuse, or lose the node that matters."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.scene import Scene
from tests.support.postgresql import connect
from tests.support.waiting import hold, wait_for


def restart_the_database(scene: Scene) -> None:
    scene.restart(scene.database, away=random.uniform(0, 1))


def restart_the_broker(scene: Scene) -> None:
    scene.restart(scene.broker)


def take_the_database_away_for_three_seconds(scene: Scene) -> None:
    scene.restart(scene.database, away=3)


def take_the_broker_away_for_three_seconds(scene: Scene) -> None:
    scene.restart(scene.broker, away=3)


def make_the_database_read_only(scene: Scene) -> None:
    noticed = scene.listen("read-only transaction")
    with _setting(scene, "default_transaction_read_only", "on"):
        noticed()


def fill_the_disk(scene: Scene) -> None:
    assert scene.disk is not None
    noticed = scene.listen("No space left on device")
    scene.disk.fill()
    try:
        noticed()
    finally:
        scene.disk.make_room()


def lock_the_table(scene: Scene) -> None:
    noticed = scene.listen("the database is away")
    with scene.system.locked("entities"):
        noticed()


def block_publishers(scene: Scene) -> None:
    """Set off the memory alarm: the broker stops to read from whoever publishes."""
    relays = [scene.processes[role] for role in scene.processes if role.startswith("relay")]
    # Held until then, so that there is something to publish: no command comes during the alarm.
    for relay in relays:
        relay.signal(signal.SIGSTOP)
    try:
        wait_for(lambda: scene.system.count("outbox") > 0, "events that wait for the relay")
        scene.broker.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    finally:
        for relay in relays:
            relay.signal(signal.SIGCONT)
    try:
        wait_for(lambda: _relay_is_blocked(scene), "the relay's connection to be blocked")
        hold(2)
    finally:
        scene.broker.ctl("set_vm_memory_high_watermark", "absolute", "1GB")


def kill_the_leader_of_the_queue(scene: Scene) -> None:
    """One of three nodes dies: the one through which every command goes."""
    leader = _leader(scene)
    (victim,) = (node for node in scene.nodes if node.name == leader)
    others = [node for node in scene.nodes if node is not victim]
    victim.kill()
    scene.broker = others[0]
    wait_for(lambda: _leader(scene) not in ("", leader), "another leader", 60)
    hold(2)
    victim.start()
    wait_for(lambda: _online(scene) == len(scene.nodes), "all members of the queue", 60)
    scene.done["broker restarts"] += 1


def _relay_is_blocked(scene: Scene) -> bool:
    lines = scene.broker.ctl("list_connections", "client_properties", "state").splitlines()
    return any(f"{scene.system.name} relay" in x and x.endswith("\tblocked") for x in lines)


def _leader(scene: Scene) -> str:
    return _of_the_queue(scene, "leader")


def _online(scene: Scene) -> int:
    return _of_the_queue(scene, "online").count("@")


def _of_the_queue(scene: Scene, what: str) -> str:
    lines = scene.broker.ctl("list_queues", "name", what).splitlines()
    found = (
        line.partition("\t")[2] for line in lines if line.startswith(f"{scene.system.queue}\t")
    )
    return next(found, "")


@contextmanager
def _setting(scene: Scene, name: str, value: str) -> Iterator[None]:
    """Change a setting of the running database server."""
    with connect(scene.database.url()) as connection:
        try:
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = {value}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            yield
        finally:
            connection.exec_driver_sql(f"ALTER SYSTEM RESET {name}")
            connection.exec_driver_sql("SELECT pg_reload_conf()")

"""Servers that crash, fill up, refuse, or lose the node that matters."""

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import make_url

from tests.chaos.scene import CONSUMERS, Scene
from tests.support.health import get
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
    noticed = scene.listen("the database is away")
    with _setting(scene, "default_transaction_read_only", "on"):
        _wait_until_it_refuses_to_write(scene)
        noticed()


def switch_over(scene: Scene) -> None:
    """For a while new sessions cannot write; those that were opened then never can."""
    noticed = scene.listen("the database is away")
    name = make_url(scene.system.database_url).database
    with connect(scene.database.url()) as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            )
            _wait_until_it_refuses_to_write(scene)
            noticed()
        finally:
            connection.exec_driver_sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")


def _wait_until_it_refuses_to_write(scene: Scene) -> None:
    asked = "SHOW transaction_read_only"
    wait_for(lambda: scene.system.query(asked) == [("on",)], "the server to refuse writes")


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
    with scene.system.locked("things"):
        noticed()


def lock_a_row(scene: Scene) -> None:
    """Somebody changes the busiest thing and does not commit: only its commands may wait."""
    noticed = scene.listen("a command waits for a lock")
    with scene.system.locked_row("things", scene.sender.hot):
        wait_for(lambda: _waiting_for_a_lock(scene), "somebody who waits for the row", 30)
        noticed()
        others = "SELECT count(*) FROM things WHERE id <> :id"
        before = scene.system.query(others, id=scene.sender.hot)
        wait_for(
            lambda: scene.system.query(others, id=scene.sender.hot) > before,
            "commands for other things to be applied meanwhile",
            30,
        )


def _all_consume(scene: Scene) -> bool:
    return all(get(scene.ports[role], "/readyz")[0] == 200 for role in CONSUMERS)


def delete_the_queue(scene: Scene) -> None:
    """With retries in it; who sent the rest hears nothing, and sends it again."""
    wait_for(lambda: scene.system.count("retries", "sends > 0"), "a retry in the queue", 60)
    wait_for(lambda: _all_consume(scene), "consumers that have the queue", 60)
    noticed = scene.listen("the broker is away")
    scene.system.delete_queue()
    noticed()
    wait_for(scene.system.queue_exists, "the queue to be declared again", 60)
    known = {str(UUID(str(row[0]))) for row in scene.system.query("SELECT command_id FROM inbox")}
    scene.sender.send_again([x for x in list(scene.sender.sent) if x.command_id not in known])


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


def _waiting_for_a_lock(scene: Scene) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return scene.system.query(query) > [(0,)]


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

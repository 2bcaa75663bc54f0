"""The clients of `examples/` while the component and the broker are restarted."""

import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import LIBRARIES, Client, Clients, clients_of
from tests.support.system import Process, System, running_system
from tests.support.waiting import wait_for
from tools.rabbitmq import RabbitMQNode
from tools.servers import install_programs, server_folder

ASKED = {"amqplib": 1000, "aio_pika": 200, "pika": 20}
PUBLISHED = 100  # by each
ALL = sum(ASKED.values()) + PUBLISHED * len(LIBRARIES)


@pytest.fixture
def broker() -> Iterator[RabbitMQNode]:
    """A broker that may be killed."""
    install_programs(print)
    with server_folder("rabbitmq") as folder:
        node = RabbitMQNode(folder)
        try:
            node.start()
            yield node
        finally:
            node.stop()


@pytest.mark.timeout(300)
def test_clients_are_answered_once_whatever_is_restarted(
    broker: RabbitMQNode, migrated_postgresql_url: str, tmp_path: Path
) -> None:
    with (
        running_system(broker.url, migrated_postgresql_url, tmp_path) as system,
        clients_of(system, tmp_path) as clients,
    ):
        subscribers = [clients.subscriber(library) for library in LIBRARIES]
        publishers = publishers_before_the_queue(system, clients)
        component = start(system)
        requests = {library: clients.request(library, ASKED[library]) for library in LIBRARIES}
        asked = requests["amqplib"]
        for answered, number in ((200, signal.SIGKILL), (500, signal.SIGTERM)):
            wait_for_lines(asked, answered)
            with system.locked("inbox"):
                assert len(asked.lines) < ASKED["amqplib"], "it was over before anything happened"
                component.signal(number)
                restart(broker)
            component.wait(60)
            component = start(system)
        for client in (*publishers, *requests.values()):
            client.wait_until_done()
        for library, client in requests.items():
            assert len(client.lines) == len(set(client.lines)) == ASKED[library]
            assert all(line.startswith("entity.Created ") for line in client.lines)
        assert [left_in_outbox(clients.outbox(library)) for library in LIBRARIES] == [0, 0, 0]
        assert system.count("entities") == system.count("inbox", "status = 'applied'") == ALL
        for subscriber in subscribers:
            wait_for_lines(subscriber, ALL)
            assert len(subscriber.lines) == len(set(subscriber.lines)) == ALL


def start(system: System) -> Process:
    """Start a component that takes a while, and not all at once."""
    return system.start("run", AGGREGATES="worker.aggregates", BATCH_SIZE="20", PREFETCH_COUNT="40")


def publishers_before_the_queue(system: System, clients: Clients) -> list[Client]:
    """Start publishers whose queue is not there, and see each of them say so."""
    system.delete_queue()
    publishers = [clients.publisher(library, PUBLISHED) for library in LIBRARIES]
    wait_for(lambda: all("Again in" in p.complaints for p in publishers), "three complaints")
    assert [left_in_outbox(clients.outbox(library)) for library in LIBRARIES] == [PUBLISHED] * 3
    return publishers


def restart(broker: RabbitMQNode) -> None:
    before = broker.pid
    broker.kill()
    broker.start()
    assert broker.pid != before


def wait_for_lines(client: Client, count: int) -> None:
    wait_for(lambda: len(client.lines) >= count, f"{count} lines", 60)


def left_in_outbox(outbox: Path) -> int:
    if outbox.is_dir():
        return len([json.loads(file.read_text()) for file in outbox.glob("*.json")])
    with sqlite3.connect(outbox) as database:
        return database.execute("SELECT count(*) FROM outbox").fetchone()[0]

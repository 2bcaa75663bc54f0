"""The examples of clients, one of which a new aggregate's own is made from."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest

from tests.support.clients import LIBRARIES, clients_of
from tests.support.project import PYTHON, ROOT
from tests.support.system import System
from tests.support.waiting import wait_for


def test_the_client_hears_events_and_replies_of_its_commands(system: System) -> None:
    component = system.start("run", AGGREGATES="worker.aggregates")
    for working in ("consuming", "relaying"):
        component.wait_for_log(working)
    said = subprocess.run(
        [PYTHON, "-m", "examples.entity", system.amqp_url, system.name],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    heard = [line.split(maxsplit=3)[:3] for line in said.splitlines()]
    for kind in ("event", "reply"):
        assert [line[1:] for line in heard if line[0] == kind] == [
            ["entity.Created", "1"],
            ["entity.Updated", "2"],
            ["CommandRejected", "-"],
        ]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_subscriber_takes_each_event_once_and_in_order(
    library: str, system: System, tmp_path: Path
) -> None:
    first, second = str(uuid4()), str(uuid4())
    expected = [f"entity.Updated {first} {version}" for version in (1, 2, 3, 4, 5)]
    with clients_of(system, tmp_path) as clients, broadcast(system) as publish:
        subscriber = clients.subscriber(library)
        publish(updated(first, 2))
        publish(updated(first, 3))
        wait_for(lambda: "A gap: " in subscriber.complaints, "a gap that is told")
        assert subscriber.lines == []
        publish(updated(first, 1))
        publish(updated(second, 1))
        publish(updated(first, 5))
        publish(refused := rejected())
        publish(refused)
        wait_for(lambda: len(subscriber.lines) == 5, "what has its turn")
        wait_for(lambda: system.waiting(f"{system.name}.{library}") == 0, "an empty queue")
        subscriber.kill()
        again = clients.subscriber(library)
        for version in (1, 3, 5, 4):
            publish(updated(first, version))
        publish(refused)
        publish(updated(second, 2))
        wait_for(lambda: f"entity.Updated {second} 2" in again.lines, "the last event")
        assert [line for line in again.lines if first in line] == expected
        assert len(again.lines) == len(set(again.lines)) == 8


def updated(entity_id: str, version: int) -> tuple[dict[str, str], pika.BasicProperties]:
    headers = {"aggregate-id": entity_id, "aggregate-version": version}
    properties = pika.BasicProperties("application/json", headers=headers, type="entity.Updated")
    properties.message_id = f"{entity_id} {version}"
    return {"entity_id": entity_id, "command_id": str(uuid4())}, properties


def rejected() -> tuple[dict[str, str], pika.BasicProperties]:
    properties = pika.BasicProperties(type="CommandRejected", message_id=str(uuid4()), headers={})
    return {"command_id": str(uuid4())}, properties


@contextmanager
def broadcast(system: System) -> Iterator[Callable[[tuple[Any, pika.BasicProperties]], None]]:
    """Yield what publishes as a component does that repeats itself."""
    with pika.BlockingConnection(pika.URLParameters(system.amqp_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()

        def publish(message: tuple[Any, pika.BasicProperties]) -> None:
            body, properties = message
            channel.basic_publish(system.exchange, "", json.dumps(body).encode(), properties)

        yield publish

"""Other people's senders that speak AMQP 1.0, by Node's library: RabbitMQ does from 4.0 on."""

import json
import subprocess
from typing import Any
from uuid import UUID, uuid4

import pika
import pytest

from tests.support.system import System
from tools.node import FOLDER, node_modules

Described = dict[str, Any]  # a message as tools/node/send_amqp_1.mjs is told of it


def need_amqp_1(system: System) -> None:
    """Skip the test on a RabbitMQ that does not speak AMQP 1.0."""
    if system.broker_version() < (4,):
        pytest.skip("RabbitMQ speaks AMQP 1.0 by itself from 4.0 on: `make compat` runs this test")


def create(thing_id: UUID, **others: Any) -> Described:
    """Return a command in a data section, the type as an application property."""
    content = {"command_id": str(uuid4()), "thing_id": str(thing_id)}
    typed = {"application_properties": {"type": "thing.Create"}}
    return {"body": ["data", json.dumps(content)], **typed, **others}


def send(system: System, messages: list[Described]) -> None:
    """Send the messages to the command queue; the broker accepts each of them."""
    node_modules(print)
    port = pika.URLParameters(system.amqp_url).port
    told = subprocess.run(
        ["node", FOLDER / "send_amqp_1.mjs"],
        input=json.dumps({"port": port, "target": f"/queues/{system.queue}", "messages": messages}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert told.stderr == ""
    assert json.loads(told.stdout) == ["accepted"] * len(messages)

"""Senders that speak AMQP 1.0, as RabbitMQ 4 takes it by itself: a part of `make compat`."""

import json
import os
import subprocess
from uuid import uuid4

import pytest
from pika import URLParameters

from tests.support.foreign import Heard
from tests.support.project import ROOT
from tests.support.system import System
from tests.support.waiting import wait_for
from tools.node import node_modules

SENDER = ROOT / "tests" / "support" / "over_amqp_1_0.js"


@pytest.mark.parametrize(
    "form",
    [
        "as the page says",
        "type as a property of the application",
        "its content type and encoding said",
        "a time to live, a priority, not durable",
        "properties of all kinds",
        "a uuid as its message id",
        "a number as its message id",
    ],
)
def test_a_command_is_applied_and_answered(form: str, system: System) -> None:
    command_id = str(uuid4())
    reply = answer(form, system, command_id)
    assert (reply.type, reply.properties.correlation_id) == ("entity.Created", "order 7")
    assert reply.body["command_id"] == command_id


@pytest.mark.parametrize(
    ("form", "way_out"),
    [
        ("a string", "data section"),
        ("a map", "data section"),
        ("a sequence", "data section"),
        ("its type as subject", "x-basic-type"),
    ],
)
def test_what_cannot_be_read_is_answered_with_the_way_out(
    form: str, way_out: str, system: System
) -> None:
    reply = answer(form, system, str(uuid4()))
    assert (reply.type, reply.properties.correlation_id) == ("CommandFailed", "order 7")
    assert way_out in reply.body["reason"]
    ((reason,),) = system.query("SELECT reason FROM dead_letters")
    assert way_out in str(reason)


def answer(form: str, system: System, command_id: str) -> Heard:
    """Return the reply to a command that is sent in this form."""
    system.start("run", AGGREGATES="worker.aggregates")
    replies = system.replies()
    send(form, system, command_id, replies.queue)
    wait_for(lambda: len(replies.heard) == 1, "a reply")
    return replies.heard[0]


def send(form: str, system: System, command_id: str, replies: str) -> None:
    port = str(URLParameters(system.amqp_url).port)
    body = json.dumps({"command_id": command_id})
    done = subprocess.run(
        ["node", str(SENDER), port, system.queue, form, body, replies],
        env={**os.environ, "NODE_PATH": str(node_modules(print))},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-2000:]

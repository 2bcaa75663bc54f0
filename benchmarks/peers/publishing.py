"""Confirmed publishing for workers that run commands in threads or processes of their own."""

import os
import threading
from typing import Any

import pika

from benchmarks.baselines import job
from benchmarks.baselines.plain_pika import publish

_local = threading.local()


def work(command: dict[str, Any]) -> None:
    """Apply the command, publish its event, and note that it is published."""
    if not hasattr(_local, "database"):
        # One connection a thread: neither a transaction nor a pika connection can be shared.
        _local.database = job.connect()
        _local.broker = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
        _local.channel = _local.broker.channel()
        _local.channel.confirm_delivery()
    event = job.apply(_local.database, command)
    if event is not None:
        publish(_local.channel, f"{os.environ['COMPONENT_NAME']}.events", event)
        job.published(_local.database, event)


def commands() -> list[str]:
    """Return the bodies that the harness wants in the queue."""
    with open(os.environ["BENCH_COMMANDS"], encoding="utf-8") as file:  # noqa: PTH123
        return file.read().splitlines()

"""A consumer as pika's documentation teaches it: a transaction, a confirm, an ack per command."""

import json
import os
import signal
import sys
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from benchmarks.baselines import job

PREFETCH = 50


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name = os.environ["COMPONENT_NAME"]
    database = job.connect()
    broker = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    channel = broker.channel()
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=PREFETCH)

    def on_message(channel: BlockingChannel, method: Any, properties: Any, body: bytes) -> None:
        event = job.apply(database, json.loads(body))
        if event is not None:
            publish(channel, f"{name}.events", event)
            job.published(database, event)
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(f"{name}.commands", on_message)
    print("ready", flush=True)
    channel.start_consuming()


def publish(channel: BlockingChannel, exchange: str, event: job.Event) -> None:
    """Publish the event; with `confirm_delivery`, this returns when the broker has it."""
    properties = pika.BasicProperties(
        type=event.type,
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent,
        message_id=event.message_id,
        correlation_id=event.correlation_id,
        timestamp=event.timestamp,
        app_id=exchange,
        headers=event.headers,
    )
    channel.basic_publish(exchange, event.type, event.body, properties, mandatory=True)


if __name__ == "__main__":
    main()

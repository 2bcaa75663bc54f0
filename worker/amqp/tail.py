"""Reading along what an exchange publishes."""

from collections.abc import Callable
from typing import Any

from pika import BasicProperties

from worker.amqp.broker import Broker
from worker.amqp.wire import Message, received


def tail(broker: Broker, exchange: str, hear: Callable[[Message], None]) -> None:
    """Have `hear` called with every message from now on, while somebody steps the broker."""

    def on_message(_: Any, __: Any, properties: BasicProperties, body: bytes) -> None:
        hear(received(properties, body))

    channel = broker.channel()
    queue = broker.call(channel.queue_declare, queue="", exclusive=True).queue
    broker.call(channel.queue_bind, queue=queue, exchange=exchange)
    channel.basic_consume(queue, on_message, auto_ack=True)

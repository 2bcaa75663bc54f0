"""Takes every event once and in the order of its aggregate's versions, with pika.

python -m examples.with_pika.subscriber AMQP_URL COMPONENT QUEUE DATABASE
"""

import sys
import time
from typing import Any

import pika
from pika.exceptions import AMQPError

from examples.turns import Event, Turns


def subscribe(url: str, exchange: str, queue: str, turns: Turns) -> None:
    """Take events for ever, on a new connection whenever one is lost."""
    while True:
        try:
            with pika.BlockingConnection(pika.URLParameters(url)) as connection:
                _consume(connection.channel(), exchange, queue, turns)
        except (AMQPError, OSError) as error:
            print(f"Again in a second: {error!r}", file=sys.stderr)
            time.sleep(1)  # there is no connection that could tell when to go on


def _consume(channel: Any, exchange: str, queue: str, turns: Turns) -> None:
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(queue, exchange)
    channel.basic_qos(prefetch_count=100)
    for method, properties, body in channel.consume(queue):
        turns.take(Event.of(properties.type, properties.message_id, properties.headers, body))
        channel.basic_ack(method.delivery_tag)  # only now: `take` has committed


def main(url: str, component: str, queue: str, path: str) -> None:
    """Print the events as they have their turn."""
    subscribe(url, f"{component}.events", queue, Turns(path, print))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Publishes commands from an outbox of its own, with pika.

python -m examples.with_pika.publisher AMQP_URL COMPONENT DATABASE COMMANDS
"""

import sys
import time

import pika
from pika.exceptions import AMQPError, UnroutableError

from examples.outbox import Outbox, filled


def send_all(outbox: Outbox, url: str, queue: str) -> None:
    """Send until nothing is left, on a new connection whenever one is lost."""
    while outbox.waiting():
        try:
            with pika.BlockingConnection(pika.URLParameters(url)) as connection:
                _send(outbox, connection.channel(), queue)
        except UnroutableError:  # a confirm alone does not tell that the queue is not there
            _wait(f"there is no queue {queue}")
        except (AMQPError, OSError) as error:
            _wait(repr(error))


def _send(outbox: Outbox, channel: pika.channel.Channel, queue: str) -> None:
    channel.confirm_delivery()  # from now on `basic_publish` waits for the broker's confirm
    for command_id, type, body in outbox.waiting():
        properties = pika.BasicProperties(type=type, message_id=command_id, delivery_mode=2)
        channel.basic_publish("", queue, body.encode(), properties, mandatory=True)
        outbox.confirmed(command_id)


def _wait(why: str) -> None:
    print(f"Again in a second: {why}", file=sys.stderr)
    time.sleep(1)  # there is no connection that could tell when to go on


def main(url: str, component: str, path: str, number: str) -> None:
    """Write so many commands into the outbox, and send all that is there."""
    send_all(filled(path, int(number)), url, f"{component}.commands")


if __name__ == "__main__":
    main(*sys.argv[1:])

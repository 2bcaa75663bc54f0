"""Publishes commands from an outbox of its own, with aio-pika.

python -m examples.with_aio_pika.publisher AMQP_URL COMPONENT DATABASE COMMANDS
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractConnection

from examples.outbox import Outbox, filled
from examples.with_aio_pika.connection import connected


async def send_all(connection: AbstractConnection, outbox: Outbox, queue: str) -> None:
    """Send what is there, each message confirmed before the next."""
    # Only so is it an exception, and not a result to be looked at, that no queue took a message.
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    for command_id, type, body in outbox.waiting():
        message = aio_pika.Message(body.encode(), type=type, message_id=command_id, delivery_mode=2)
        await channel.default_exchange.publish(message, queue, mandatory=True)
        outbox.confirmed(command_id)


async def main(url: str, component: str, path: str, number: str) -> None:
    """Write so many commands into the outbox, and send all that is there."""
    outbox = filled(path, int(number))
    await connected(url, lambda connection: send_all(connection, outbox, f"{component}.commands"))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

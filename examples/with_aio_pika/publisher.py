"""Publishes commands from an outbox of its own, with aio-pika.

python -m examples.with_aio_pika.publisher AMQP_URL COMPONENT DATABASE COMMANDS
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError

from examples.outbox import Outbox, filled


async def send_all(outbox: Outbox, url: str, queue: str) -> None:
    """Send until nothing is left, on a new connection whenever one is lost."""
    while outbox.waiting():
        try:
            # Not `connect_robust`: the outbox knows better than a library what to send again.
            async with await aio_pika.connect(url) as connection:
                await _send(outbox, connection, queue)
        except (AMQPError, OSError) as error:
            print(f"Again in a second: {error!r}", file=sys.stderr)
            await asyncio.sleep(1)


async def _send(outbox: Outbox, connection: AbstractConnection, queue: str) -> None:
    # Only so is it an exception, and not a result to be looked at, that no queue took a message.
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    for command_id, type, body in outbox.waiting():
        message = aio_pika.Message(body.encode(), type=type, message_id=command_id, delivery_mode=2)
        await channel.default_exchange.publish(message, queue, mandatory=True)
        outbox.confirmed(command_id)


async def main(url: str, component: str, path: str, number: str) -> None:
    """Write so many commands into the outbox, and send all that is there."""
    await send_all(filled(path, int(number)), url, f"{component}.commands")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Takes every event once and in the order of its aggregate's versions, with aio-pika.

python -m examples.with_aio_pika.subscriber AMQP_URL COMPONENT QUEUE DATABASE
"""

import asyncio
import sys

from aio_pika.abc import AbstractConnection

from examples.turns import Event, Turns
from examples.with_aio_pika.connection import connected


async def subscribe(connection: AbstractConnection, exchange: str, name: str, turns: Turns) -> None:
    """Take events until the connection is lost."""
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=100)
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    # By name alone: `declare_exchange` would declare it otherwise, which the broker refuses.
    await queue.bind(exchange)
    async with queue.iterator() as messages:
        async for message in messages:
            event = (message.type, message.message_id, message.headers, message.body)
            turns.take(Event.of(*event))
            await message.ack()  # only now: `take` has committed
    raise ConnectionError("The connection was lost.")


async def main(url: str, component: str, queue: str, path: str) -> None:
    """Print the events as they have their turn."""
    exchange, turns = f"{component}.events", Turns(path, print)
    await connected(url, lambda connection: subscribe(connection, exchange, queue, turns))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

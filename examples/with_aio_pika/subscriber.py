"""Takes every event once and in the order of its aggregate's versions, with aio-pika.

python -m examples.with_aio_pika.subscriber AMQP_URL COMPONENT QUEUE DATABASE
"""

import asyncio
import sys

import aio_pika

from examples.turns import Event, Turns


async def subscribe(url: str, exchange: str, name: str, turns: Turns) -> None:
    """Take events for ever; the library makes a lost connection, channel and consumer again."""
    async with await aio_pika.connect_robust(url, reconnect_interval=1) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=100)
        queue = await channel.declare_queue(
            name, durable=True, arguments={"x-queue-type": "quorum"}
        )
        # By name alone: `declare_exchange` would declare it otherwise, which the broker refuses.
        await queue.bind(exchange)
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():  # acknowledges at the end: `take` has committed
                    event = (message.type, message.message_id, message.headers, message.body)
                    turns.take(Event.of(*event))


async def main(url: str, component: str, queue: str, path: str) -> None:
    """Print the events as they have their turn."""
    await subscribe(url, f"{component}.events", queue, Turns(path, print))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

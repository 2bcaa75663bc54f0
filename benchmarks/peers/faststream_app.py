"""FastStream: an asynchronous subscriber on a quorum queue, acknowledged when it returns.

`PREFETCH` commands are under way at a time in each process, each with a connection of the pool.
"""

import os
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from psycopg_pool import AsyncConnectionPool

from benchmarks.baselines import job

PREFETCH = 16

name = os.environ["COMPONENT_NAME"]
queue = RabbitQueue(f"{name}.commands", queue_type=QueueType.QUORUM, declare=False)
events = RabbitExchange(f"{name}.events", declare=False)
pool = AsyncConnectionPool(
    job.dsn(), min_size=PREFETCH, max_size=PREFETCH, kwargs={"autocommit": True}, open=False
)
broker = RabbitBroker(
    os.environ["AMQP_URL"], default_channel=Channel(prefetch_count=PREFETCH), logger=None
)
app = FastStream(broker)


@app.on_startup
async def open_pool() -> None:
    await pool.open()


@app.after_startup
async def say() -> None:
    print("ready", flush=True)


@app.after_shutdown
async def close_pool() -> None:
    await pool.close()


@broker.subscriber(queue, ack_policy=AckPolicy.NACK_ON_ERROR)
async def update_value(command: dict[str, Any]) -> None:
    async with pool.connection() as connection:
        event = await apply(connection, command)
        if event is not None:
            await publish(event)
            await connection.execute(job.DELETE.format(event.row))


async def apply(connection: Any, command: dict[str, Any]) -> job.Event | None:
    work = job.statements(command)
    row: job.Row = None
    async with connection.transaction():
        while True:
            try:
                cursor = await connection.execute(*work.send(row))
            except StopIteration as end:
                event: job.Event | None = end.value
                return event
            row = await cursor.fetchone() if cursor.description else None


async def publish(event: job.Event) -> None:
    """Publish the event; this returns when the broker has confirmed it."""
    await broker.publish(
        event.body,
        exchange=events,
        routing_key=event.type,
        mandatory=True,
        persist=True,
        headers=event.headers,
        content_type="application/json",
        message_type=event.type,
        message_id=event.message_id,
        correlation_id=event.correlation_id,
        timestamp=event.timestamp,
    )

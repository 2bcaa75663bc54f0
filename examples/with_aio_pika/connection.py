"""A connection that comes back, with aio-pika."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError


async def connected(url: str, work: Callable[[AbstractConnection], Awaitable[None]]) -> None:
    """Do the work, again on each new connection, until it returns.

    Not `connect_robust`: what is done on a lost connection raises there, too, and what is to be
    sent again the sender knows better than the library.
    """
    while True:
        try:
            async with await aio_pika.connect(url) as connection:
                return await work(connection)
        except (AMQPError, OSError) as error:
            print(f"Again in a second: {error!r}", file=sys.stderr)
            await asyncio.sleep(1)

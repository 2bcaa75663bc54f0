"""A connection that comes back, with aio-pika."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError

Work = Callable[[AbstractConnection], Awaitable[None]]


async def connected(url: str, work: Work) -> None:
    """Do the work, again on each new connection, until it returns.

    Not `connect_robust`: what is done on a lost connection raises there, too, and what is to be
    sent again the sender knows better than the library.
    """
    while True:
        try:
            async with await aio_pika.connect(url) as connection:
                return await _unless_lost(connection, work)
        except (AMQPError, OSError) as error:
            print(f"Again in a second: {error!r}", file=sys.stderr)
            await asyncio.sleep(1)


async def _unless_lost(connection: AbstractConnection, work: Work) -> None:
    """Do the work; raise where the connection is lost, which not everything in it would notice."""
    lost = asyncio.Event()
    connection.close_callbacks.add(lambda *_: lost.set())
    working = asyncio.ensure_future(work(connection))
    losing = asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait((working, losing), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ConnectionError("The connection was lost.")
        working.result()
    finally:
        working.cancel()
        losing.cancel()

"""Sends many commands at once and waits for the outcome of each, with aio-pika.

python -m examples.with_aio_pika.request AMQP_URL COMPONENT COMMANDS
"""

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustChannel
from aio_pika.exceptions import AMQPError

PATIENCE = 5  # seconds until we ask again
Outcome = tuple[str, dict[str, Any]]


class Requests:
    """Asks on one channel; what is lost is made again by the library, the reply queue included."""

    def __init__(self, channel: AbstractRobustChannel, queue: str) -> None:
        self._channel = channel
        self._queue = queue
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}

    async def start(self) -> None:
        """Listen for replies."""
        self._replies = await self._channel.declare_queue(f"replies-{uuid4()}", exclusive=True)
        await self._replies.consume(self._take, no_ack=True)

    async def ask(self, type: str, body: dict[str, Any]) -> Outcome:
        """Return type and body of the command's outcome."""
        outcome = self._waiting[body["command_id"]] = asyncio.Future()
        while not outcome.done():
            try:
                await self._send(type, body)
            except (AMQPError, OSError) as error:
                print(f"Again in {PATIENCE} seconds: {error!r}", file=sys.stderr)
            await asyncio.wait([outcome], timeout=PATIENCE)
        return outcome.result()

    async def _send(self, type: str, body: dict[str, Any]) -> None:
        message = aio_pika.Message(
            json.dumps(body).encode(),
            type=type,
            reply_to=self._replies.name,
            correlation_id=body["command_id"],
        )
        sending = self._channel.default_exchange.publish(message, self._queue)
        await asyncio.wait_for(sending, PATIENCE)

    async def _take(self, reply: AbstractIncomingMessage) -> None:
        outcome = self._waiting.pop(reply.correlation_id or "", None)
        if outcome is not None:  # else a second copy, which whoever asks twice may get
            outcome.set_result((reply.type or "", json.loads(reply.body)))


async def main(url: str, component: str, number: str) -> None:
    """Create so many entities, all at once."""
    async with await aio_pika.connect_robust(url, reconnect_interval=1) as connection:
        requests = Requests(await connection.channel(), f"{component}.commands")
        await requests.start()
        bodies = [
            {"command_id": str(uuid4()), "entity_id": str(uuid4())} for _ in range(int(number))
        ]
        asked = [_create(requests, body) for body in bodies]
        await asyncio.gather(*asked)


async def _create(requests: Requests, body: dict[str, Any]) -> None:
    type, _body = await requests.ask("entity.Create", body)
    print(type, body["command_id"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

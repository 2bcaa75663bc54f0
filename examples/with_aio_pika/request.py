"""Sends many commands at once and waits for the outcome of each, with aio-pika.

python -m examples.with_aio_pika.request AMQP_URL COMPONENT COMMANDS
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from examples.with_aio_pika.connection import connected

PATIENCE = 30  # seconds until we ask again; at once where the connection was lost
Outcome = tuple[str, dict[str, Any]]


@dataclass
class Asked:
    """A command whose outcome is not known; on which channel it was sent, if on any."""

    type: str
    body: dict[str, Any]
    outcome: asyncio.Future[Outcome]
    channel: AbstractChannel | None = None
    again_at: float = 0

    def message(self, reply_to: str) -> aio_pika.Message:
        """Return what is published."""
        content, name = json.dumps(self.body).encode(), self.body["command_id"]
        return aio_pika.Message(content, type=self.type, reply_to=reply_to, correlation_id=name)


class Requests:
    """Asks under the same id until it is answered: the command is applied once."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._asked: dict[str, Asked] = {}

    def ask(self, type: str, body: dict[str, Any]) -> "asyncio.Future[Outcome]":
        """Return what will be type and body of the command's outcome."""
        asked = Asked(type, body, asyncio.get_running_loop().create_future())
        self._asked[body["command_id"]] = asked
        return asked.outcome

    async def serve(self, connection: AbstractConnection) -> None:
        """Take replies, and send what has no outcome, as long as the connection lasts."""
        channel = await connection.channel()
        replies = await channel.declare_queue(exclusive=True)
        await replies.consume(self._take, no_ack=True)
        while True:
            for asked in list(self._asked.values()):
                if asked.again_at <= monotonic() or asked.channel is not channel:
                    asked.channel, asked.again_at = channel, monotonic() + PATIENCE
                    message = asked.message(replies.name)
                    await channel.default_exchange.publish(message, self._queue, mandatory=True)
            await asyncio.sleep(0.05)

    async def _take(self, reply: AbstractIncomingMessage) -> None:
        if asked := self._asked.pop(reply.correlation_id or "", None):  # else a second copy
            asked.outcome.set_result((reply.type or "", json.loads(reply.body)))


async def main(url: str, component: str, number: str) -> None:
    """Create so many entities, all at once."""
    requests = Requests(f"{component}.commands")
    bodies = [{"command_id": str(uuid4()), "entity_id": str(uuid4())} for _ in range(int(number))]
    asked = [asyncio.ensure_future(_create(requests, body)) for body in bodies]
    serving = asyncio.ensure_future(connected(url, requests.serve))
    await asyncio.gather(*asked)
    serving.cancel()


async def _create(requests: Requests, body: dict[str, Any]) -> None:
    type, content = await requests.ask("entity.Create", body)
    print(type, content["command_id"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

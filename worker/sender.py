"""Sends commands as any other program would: checked first, confirmed, and answered if asked."""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

from schemas.codec import Codec
from schemas.exceptions import Undecodable
from schemas.outcomes import CommandFailed, CommandRejected
from worker.amqp.broker import Broker
from worker.amqp.publisher import Publisher, Sending
from worker.amqp.wire import DIRECT_REPLY, Message, properties_of_new_command
from worker.exceptions import QueueMissing
from worker.runtime.showing import json_text

ON_THEIR_WAY = 1000  # commands that may wait for the broker's confirm at a time


class Draft(NamedTuple):
    """A command that is ready to be sent; `content` is what its body says."""

    type: str
    version: int
    command_id: str
    content: dict[str, Any]


def draft(codec: Codec, type: str, content: dict[str, Any], version: int = 1) -> Draft:
    """Return the command, with an id where it has none; raise `Undecodable` if it is no command."""
    content = {"command_id": str(uuid4()), **content}
    try:
        command = codec.decode(type, codec.normal(type, content, version), version)
    except Undecodable:
        raise
    except Exception as error:  # the command's own class can raise anything
        reason = f"The program can make no command of it: {error}"
        raise Undecodable("invalid", reason) from error
    return Draft(type, version, str(command.command_id), content)


def is_refusal(outcome: Message) -> bool:
    """Tell whether the outcome says that the command was rejected or has failed."""
    return outcome.type in {CommandRejected.type, CommandFailed.type}


class Sender:
    """Sends commands to one queue, many on their way at a time."""

    def __init__(
        self,
        broker: Broker,
        queue: str,
        settled: Callable[[Draft, bool], None],
        answered: Callable[[str, Message], None] | None = None,
    ) -> None:
        """`settled` hears whether the broker has taken a command, in the order of sending.

        `answered` hears of command ids and their outcomes; nobody is asked for them without it.
        """
        self._broker = broker
        self._queue = queue
        self._settled = settled
        self._reply_to = DIRECT_REPLY if answered else None
        self._on_their_way: deque[tuple[Draft, Sending]] = deque()
        self._publisher = Publisher(broker)
        self._publisher.wait(lambda: self._publisher.ready)
        if answered:
            self._publisher.hear_replies(lambda reply: answered(_cause(reply), reply))

    def send(self, command: Draft) -> None:
        """Hand a command over; raise `QueueMissing` once one was found to have no queue."""
        if self._publisher.pending >= ON_THEIR_WAY:
            self._publisher.wait(lambda: self._publisher.pending <= ON_THEIR_WAY // 2)
        properties = properties_of_new_command(
            command.type, command.command_id, command.version, self._reply_to, self._broker.user
        )
        body = json_text(command.content).encode()
        sending = self._publisher.publish("", self._queue, body, properties)
        self._on_their_way.append((command, sending))
        self._settle()

    def finish(self) -> None:
        """Wait until the broker has said something of each."""
        self._publisher.wait(lambda: not self._publisher.pending)
        self._settle()

    def step(self, seconds: float) -> None:
        """Serve the connection so long, or until something happened."""
        self._broker.step(seconds)
        if self._publisher.error:
            raise self._publisher.error
        self._settle()

    def _settle(self) -> None:
        """Look at the first ones, as far as the broker has said something of them."""
        waiting = self._on_their_way
        while waiting and (waiting[0][1].confirmed or waiting[0][1].nacked):
            command, sending = waiting.popleft()
            if sending.returned:
                raise QueueMissing(
                    f"There is no queue {self._queue} on this broker. Is COMPONENT_NAME right,"
                    " and has the worker been started, or `python -m worker declare`?"
                )
            self._settled(command, not sending.nacked)


def _cause(reply: Message) -> str:
    return str(reply.headers.get("causation-id"))

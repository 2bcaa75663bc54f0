"""Other people's programs, in plain pika, that survive what the faults do to the broker."""

import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import sleep
from typing import Any
from uuid import uuid4

import pika
from pika.exceptions import AMQPError

from tests.chaos.worker import FLAKY
from tests.support.foreign import Heard, Sent, create, update

AWAY = (AMQPError, OSError)  # what pika raises while the broker is away
THINGS = 40

# What senders put beside a command that will be sent again: none may ever hold up the others.
ODD_HEADERS: tuple[dict[str, Any], ...] = (
    {},
    {"CC": ["side"], "BCC": ["side"]},
    {"nested": {"list": [1, Decimal("2.5"), {"deep": None}], "time": datetime.now(UTC)}},
    {"blob": "x" * 20_000, "ünïcödé": "\x1b[2J", "": "no name"},
    {f"header-{number}": -(2**63) for number in range(200)},
)


class Sender:
    """Sends for as long as it may: repeats, shuffled, a hot thing, clocks that jump.

    A command is in `sent` before it is published, and is published again until it is confirmed.
    """

    def __init__(self, url: str, queue: str, rate: float) -> None:
        """`rate`: commands a second, about."""
        self._url = url
        self._queue = queue
        self._pause = 20 / rate
        self._stopping = threading.Event()
        self._again: list[Sent] = []
        self.hot = str(uuid4())  # the thing that gets a third of all commands
        self._things = [str(uuid4()) for _ in range(THINGS)]
        self.sent: list[Sent] = []
        self.published = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the last batch out, and return when it is confirmed."""
        self._stopping.set()
        self._thread.join(120)
        assert not self._thread.is_alive(), "the sender cannot publish"

    def send_again(self, commands: list[Sent]) -> None:
        """Publish these once more, as who has heard nothing of them for long does."""
        self._again += commands

    def _run(self) -> None:
        self._publish([create(thing) for thing in [self.hot, *self._things]])
        while not self._stopping.wait(self._pause):
            if self._again:
                again, self._again = self._again, []
                self._publish(again, new=[])
            batch = [self._command() for _ in range(20)]
            repeats = random.choices(self.sent, k=4)
            mixed = [*batch, *batch[:8], *repeats]
            random.shuffle(mixed)
            self._publish(mixed, new=batch)

    def _command(self) -> Sent:
        if random.random() < 0.1:
            return create()
        thing = self.hot if random.random() < 0.3 else random.choice(self._things)
        flaky = random.random() < 0.05
        properties = {"headers": random.choice(ODD_HEADERS)} if flaky else {}
        command = update(thing, f"{FLAKY if flaky else 'value'} {random.random()}", **properties)
        jump = timedelta(days=random.uniform(-9000, 9000))
        command.body["timestamp"] = (datetime.now(UTC) + jump).isoformat()
        return command

    def _publish(self, commands: list[Sent], new: list[Sent] | None = None) -> None:
        self.sent += commands if new is None else new
        while True:
            try:
                with pika.BlockingConnection(parameters(self._url)) as connection:
                    channel = connection.channel()
                    channel.confirm_delivery()
                    for command in commands:
                        channel.basic_publish(
                            "",
                            self._queue,
                            json.dumps(command.body).encode(),
                            pika.BasicProperties(
                                type=command.type, delivery_mode=2, **command.properties
                            ),
                            mandatory=True,
                        )
                        self.published += 1
                    return
            except AWAY:
                sleep(0.2)  # a back-off of the foreign program, no wait of the test


class Subscriber:
    """Hears everything on a durable queue of its own, through any number of connections."""

    def __init__(self, url: str, exchange: str) -> None:
        self._url = url
        self._exchange = exchange
        self.queue = f"{exchange}.subscriber"
        self.heard: list[Heard] = []
        self._ids: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._once(self._bind)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(30)

    def distinct(self) -> int:
        return len(self._ids)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._once(self._listen)
            except AWAY:
                sleep(0.2)  # a back-off of the foreign program, no wait of the test

    def _once(
        self, work: Callable[[pika.adapters.blocking_connection.BlockingChannel], None]
    ) -> None:
        with pika.BlockingConnection(parameters(self._url)) as connection:
            work(connection.channel())

    def _bind(self, channel: pika.adapters.blocking_connection.BlockingChannel) -> None:
        # Single active consumer: after a crash of the broker, we would otherwise get new messages
        # before those come back that had been delivered to the connection that died.
        arguments = {"x-queue-type": "quorum", "x-single-active-consumer": True}
        channel.exchange_declare(self._exchange, "fanout", durable=True)
        channel.queue_declare(self.queue, durable=True, arguments=arguments)
        channel.queue_bind(self.queue, self._exchange)

    def _listen(self, channel: pika.adapters.blocking_connection.BlockingChannel) -> None:
        channel.basic_qos(prefetch_count=200)
        for method, properties, body in channel.consume(self.queue, inactivity_timeout=0.2):
            if method is not None:
                self.heard.append(
                    Heard(properties.type, json.loads(body), properties, self._exchange, "")
                )
                self._ids.add(properties.message_id)
                channel.basic_ack(method.delivery_tag)
            if self._stopping.is_set():
                channel.cancel()
                return


def parameters(url: str) -> pika.URLParameters:
    result = pika.URLParameters(url)
    result.heartbeat = 10
    result.blocked_connection_timeout = 60
    result.socket_timeout = 5
    return result

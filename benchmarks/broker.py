"""The sender's and the subscriber's side of the broker."""

from collections.abc import Iterator
from typing import Self

import pika

from benchmarks.processes import wait_until
from benchmarks.workload import Workload

Delivered = tuple[pika.BasicProperties, bytes]


class Broker:
    """Queues of one run; all of them are gone at its end."""

    def __init__(self, url: str, name: str) -> None:
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 0  # nobody serves the connection while a run is measured
        self._connection = pika.BlockingConnection(parameters)
        self._channel = self._connection.channel()
        self._exchange = f"{name}.events"
        self.commands = f"{name}.commands"
        self.events = f"{name}.subscriber"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for suffix in ("", ".dead", ".DQ", ".XQ"):  # ours and dramatiq's
            self._channel.queue_delete(self.commands + suffix)
        self._channel.queue_delete(self.events)
        self._channel.exchange_delete(self._exchange)
        self._connection.close()

    def subscribe(self) -> None:
        self._channel.queue_declare(self.events, durable=True, arguments={"x-queue-type": "quorum"})
        self._channel.exchange_declare(self._exchange, "fanout", durable=True)
        self._channel.queue_bind(self.events, self._exchange)

    def publish(self, workload: Workload) -> None:
        """Publish every command; `wait_for_commands` tells when the queue holds them all."""
        for update in workload.updates:
            self._channel.basic_publish("", self.commands, update.body, update.properties)

    def wait_for_commands(self, number: int) -> None:
        wait_until(lambda: self.count(self.commands) == number, "the commands", 60)

    def count(self, queue: str) -> int:
        """Return how many messages wait in the queue, delivered ones left out."""
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)

    def received(self, queue: str) -> Iterator[Delivered]:
        """Take what the queue holds, in its order."""
        for _ in range(self.count(queue)):
            _, properties, body = next(
                self._channel.consume(queue, auto_ack=True, inactivity_timeout=10)
            )
            if properties is None or body is None:
                raise RuntimeError(f"{queue} is shorter than it said")
            yield properties, body
        self._channel.cancel()

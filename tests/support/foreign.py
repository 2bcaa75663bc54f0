"""Other people's programs: a sender and a subscriber, written from the public interface.

Nothing of ours is imported here, and nothing is known of tables or classes.
"""

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pika


@dataclass(frozen=True)
class Sent:
    """A command as the sender remembers it."""

    type: str
    body: dict[str, Any]
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def command_id(self) -> str:
        return str(self.body["command_id"])


@dataclass(frozen=True)
class Heard:
    """A message as a subscriber received it."""

    type: str
    body: dict[str, Any]
    properties: pika.BasicProperties
    exchange: str
    routing_key: str

    @property
    def headers(self) -> dict[str, Any]:
        return self.properties.headers or {}


def create(thing_id: str | None = None, **properties: Any) -> Sent:
    body = {"command_id": str(uuid4()), "thing_id": thing_id or str(uuid4())}
    return Sent("thing.Create", body, properties)


def update(thing_id: str, value: str, **properties: Any) -> Sent:
    body = {"command_id": str(uuid4()), "thing_id": thing_id, "value": value}
    return Sent("thing.UpdateValue", body, properties)


class Sender:
    """Publishes to the default exchange, each message confirmed."""

    def __init__(self, url: str, queue: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._queue = queue

    def send(self, commands: Iterable[Sent]) -> None:
        for command in commands:
            self.send_raw(
                json.dumps(command.body).encode(),
                type=command.type,
                content_type="application/json",
                message_id=command.command_id,
                **command.properties,
            )

    def send_raw(self, body: bytes, **properties: Any) -> None:
        self._channel.basic_publish(
            "",
            self._queue,
            body,
            pika.BasicProperties(delivery_mode=2, **properties),
            mandatory=True,
        )

    def close(self) -> None:
        self._connection.close()


class Subscriber:
    """Collects what its own queue receives, in the order of arrival, in a thread of its own."""

    def __init__(self, url: str, exchange: str | None = None, room: int | None = None) -> None:
        """Without an exchange: a queue for replies, named `queue`. `room`: messages it can hold."""
        self.heard: list[Heard] = []
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        limits = {"x-max-length": room, "x-overflow": "reject-publish"} if room else {}
        self.queue: str = self._channel.queue_declare(
            "", exclusive=True, arguments=limits
        ).method.queue
        if exchange is not None:
            self._channel.queue_bind(self.queue, exchange)
        self._channel.basic_qos(prefetch_count=1 if room else 0)
        self._channel.basic_consume(self.queue, self._on_message)
        self._thread = threading.Thread(target=self._channel.start_consuming, daemon=True)
        self._thread.start()

    def of_type(self, *types: str) -> Sequence[Heard]:
        return [heard for heard in list(self.heard) if heard.type in types]

    def all(self) -> list[Heard]:
        """Return everything, once nothing waits in the queue any more."""
        done = threading.Event()
        self._connection.add_callback_threadsafe(lambda: self._sync(done))
        assert done.wait(10)
        return list(self.heard)

    def distinct(self) -> int:
        """Return how many different messages were heard: repeats may follow a failure."""
        return len({heard.properties.message_id for heard in list(self.heard)})

    def close(self) -> None:
        self._connection.add_callback_threadsafe(self._channel.stop_consuming)
        self._thread.join(10)
        self._connection.close()

    def _sync(self, done: threading.Event) -> None:
        """Make a round trip: what the broker had for us before it has arrived after it."""
        self._channel.queue_declare(self.queue, passive=True)
        self._connection.add_callback_threadsafe(done.set)

    def _on_message(
        self, channel: Any, method: Any, properties: pika.BasicProperties, body: bytes
    ) -> None:
        self.heard.append(
            Heard(
                properties.type, json.loads(body), properties, method.exchange, method.routing_key
            )
        )
        self._channel.basic_ack(method.delivery_tag)

"""What other systems do: publish commands and subscribe to events. Plain pika, nothing of ours."""

import json
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions


@dataclass(frozen=True)
class Received:
    """A message as a subscriber sees it."""

    type: str
    message_id: str
    headers: dict[str, Any]
    body: dict[str, Any]

    @property
    def version(self) -> int | None:
        return self.headers.get("aggregate-version")


class Client:
    """A connection, a queue bound to the events, and a queue for replies."""

    def __init__(self, amqp_url: str, command_queue: str, event_exchange: str) -> None:
        self._command_queue = command_queue
        self._connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._events = self._own_queue()
        self._channel.queue_bind(self._events, event_exchange)
        self.replies = self._own_queue()

    def publish(self, type: str, body: bytes, reply_to: str | None = None) -> None:
        """Publish a command; raises when the broker does not confirm it."""
        properties = pika.BasicProperties(
            type=type, content_type="application/json", delivery_mode=2, reply_to=reply_to
        )
        self._channel.basic_publish("", self._command_queue, body, properties, mandatory=True)

    def new_events(self) -> list[Received]:
        return self._take(self._events)

    def new_replies(self) -> list[Received]:
        return self._take(self.replies)

    def _own_queue(self) -> str:
        return str(self._channel.queue_declare("", exclusive=True).method.queue)

    def _take(self, queue: str) -> list[Received]:
        messages: list[Received] = []
        while True:
            _, properties, body = self._channel.basic_get(queue, auto_ack=True)
            if properties is None or body is None:
                return messages
            headers, content = properties.headers or {}, json.loads(body)
            messages.append(Received(properties.type, properties.message_id, headers, content))


def is_declared(amqp_url: str, queue: str) -> bool:
    """Tell whether the component has declared its queue; others do not declare it."""
    # Not `with`: closing a connection that Ctrl-C has interrupted would fail, and hide the Ctrl-C.
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        connection.channel().queue_declare(queue, passive=True)
        declared = True
    except pika.exceptions.ChannelClosedByBroker:
        declared = False
    connection.close()
    return declared


def delete(amqp_url: str, queues: list[str], exchange: str) -> None:
    """Delete what the component has declared."""
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_delete(queue)
        channel.exchange_delete(exchange)

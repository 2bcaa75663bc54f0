"""Another team's program, as docs/security.md lets it be."""

import json
from typing import Any

import pika
import pytest

from tests.support.foreign import Sent
from tests.support.waiting import wait_for


class Shop:
    """A neighbour, as docs/security.md lets one be: it sends, is answered and subscribes."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self._connection.channel()
        for queue in ("shop.replies", "shop.events"):
            self.channel.queue_declare(queue, durable=True)
        self.channel.queue_bind("shop.events", "component.events")
        self.channel.confirm_delivery()

    def send(self, command: Sent, *, queue: str = "component.commands", **properties: Any) -> None:
        known = pika.BasicProperties(type=command.type, reply_to="shop.replies", **properties)
        body = json.dumps(command.body).encode()
        self.channel.basic_publish("", queue, body, known, mandatory=True)

    def take(self, queue: str) -> tuple[str, dict[str, Any]]:
        """Return type and headers of the next message."""
        got: list[Any] = []

        def has_come() -> bool:
            got[:] = self.channel.basic_get(queue, auto_ack=True)
            return got[0] is not None

        wait_for(has_come, f"a message in {queue}")
        return got[1].type, got[1].headers

    def refuses(self, method: str, *arguments: Any) -> str:
        """Return why the broker does not let us do this."""
        channel = self._connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as error:
            getattr(channel, method)(*arguments)
        return str(error.value.reply_text)

    def close(self) -> None:
        self._connection.close()

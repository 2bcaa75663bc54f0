"""Publishing with confirms that are not waited for one by one."""

from collections.abc import Callable
from itertools import takewhile
from time import monotonic
from typing import Any

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from worker.broker import Broker
from worker.exceptions import BrokerUnavailable

CONFIRM_TIMEOUT = 60.0  # seconds without any confirm; a blocked connection may take longer


class Publisher:
    """Publishes on a channel of its own and knows what the broker said of each message.

    `confirmed`, `nacked` and `returned` hold the numbers that `publish` gave. A message that is
    confirmed and returned reached the broker, which found no queue for it.
    """

    def __init__(self, broker: Broker, while_waiting: Callable[[], None]) -> None:
        """`while_waiting` is called at least once a second during `wait`; it may raise to leave."""
        self._broker = broker
        self._while_waiting = while_waiting
        self._channel: Channel = broker.channel()
        self._channel.add_on_return_callback(self._on_return)
        broker.call(self._channel.confirm_delivery, ack_nack_callback=self._on_confirm)
        self._last = 0
        self._pending: dict[int, tuple[str, str, str | None]] = {}
        self.confirmed: set[int] = set()
        self.returned: set[int] = set()
        self.nacked: set[int] = set()

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties
    ) -> int:
        """Hand a message over and return its number; `wait` tells what became of it."""
        self._last += 1
        self._pending[self._last] = (exchange, routing_key, properties.message_id)
        self._channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
        return self._last

    def wait(self) -> None:
        """Serve the connection until the broker has confirmed or nacked everything.

        A nack does not end the wait: one full queue shall not hold up what others have taken.
        Raises `BrokerUnavailable`; what is confirmed by then stays known.
        """
        seen, deadline = len(self._pending), monotonic() + CONFIRM_TIMEOUT
        while self._pending:
            self._while_waiting()
            self._broker.step(1.0)
            if len(self._pending) < seen or self._broker.blocked:
                seen, deadline = len(self._pending), monotonic() + CONFIRM_TIMEOUT
            elif monotonic() > deadline:
                raise BrokerUnavailable(f"no confirm within {CONFIRM_TIMEOUT:g} s")

    def forget(self) -> None:
        """Drop what is known of messages that are settled."""
        self.confirmed.clear()
        self.returned.clear()
        self.nacked.clear()

    def _on_confirm(self, frame: Any) -> None:
        method, tag = frame.method, frame.method.delivery_tag
        tags = [tag]
        if method.multiple:
            tags = list(takewhile(lambda number: number <= tag, self._pending))
        for number in tags:
            del self._pending[number]
        if isinstance(method, Basic.Ack):
            self.confirmed.update(tags)
        else:
            self.nacked.update(tags)

    def _on_return(
        self, channel: Channel, method: Any, properties: BasicProperties, body: bytes
    ) -> None:
        # A return has no number of ours, but comes before its confirm, in the order of publishing.
        target = (method.exchange, method.routing_key, properties.message_id)
        candidates = (number for number, sent in self._pending.items() if sent == target)
        self.returned.add(next(number for number in candidates if number not in self.returned))

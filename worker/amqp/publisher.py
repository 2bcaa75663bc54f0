"""Publishing with confirms that are not waited for one by one."""

from collections.abc import Callable
from itertools import takewhile
from time import monotonic
from typing import Any, NamedTuple

from pika import BasicProperties
from pika.channel import Channel
from pika.exceptions import ChannelWrongStateError, ConnectionWrongStateError
from pika.spec import Basic

from worker.amqp.broker import Broker
from worker.exceptions import BrokerUnavailable, Unsendable

CONFIRM_TIMEOUT = 60.0  # seconds without any answer; a blocked connection may take longer


class Target(NamedTuple):
    """What goes where."""

    exchange: str
    routing_key: str
    body: bytes
    properties: BasicProperties


class Publisher:
    """Publishes on a channel of its own and knows what the broker said of each message.

    Nothing waits here but `wait`: whoever steps the connection sees what comes. `ready` tells that
    the channel is open, `error` that it is not any more.

    `confirmed`, `nacked` and `returned` hold the numbers that `publish` gave. A message that is
    confirmed and returned reached the broker, which found no queue for it.
    """

    def __init__(self, broker: Broker) -> None:
        """Begin to open the channel of an open connection."""
        self._broker = broker
        self.ready = False
        self.error: BrokerUnavailable | None = None
        self._last = 0
        self._pending: dict[int, tuple[str, str, str | None]] = {}
        self.confirmed: set[int] = set()
        self.returned: set[int] = set()
        self.nacked: set[int] = set()
        self._progress: object = None
        self._deadline = 0.0
        self._channel: Channel = broker.open_channel(self._on_open, self._on_close)

    @property
    def pending(self) -> int:
        """Return of how many messages the broker has not said anything yet."""
        return len(self._pending)

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties
    ) -> int:
        """Hand a message over and return its number.

        Raises `Unsendable` where AMQP cannot carry it; nothing of it is sent then.
        """
        try:
            self._channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
        except (ChannelWrongStateError, ConnectionWrongStateError) as error:
            raise self.error or BrokerUnavailable(str(error)) from error
        except Unsendable:
            raise
        except Exception as error:  # pika's encoder raises whatever it meets
            raise Unsendable(f"{type(error).__name__}: {error}") from error
        self._last += 1
        self._pending[self._last] = (exchange, routing_key, properties.message_id)
        return self._last

    def is_overdue(self) -> bool:
        """Tell whether the broker owes an answer for too long. A nack is one, too."""
        progress = self.ready, self._last, len(self._pending)
        if progress != self._progress or self._broker.blocked:
            self._progress, self._deadline = progress, monotonic() + CONFIRM_TIMEOUT
        return monotonic() > self._deadline

    def wait(self, condition: Callable[[], object]) -> None:
        """Serve the connection until the condition holds. Raises `BrokerUnavailable`."""
        while not condition():
            if self.is_overdue():
                raise BrokerUnavailable(f"no answer within {CONFIRM_TIMEOUT:g} s")
            self._broker.step(1.0)
            if self.error:
                raise self.error

    def forget(self) -> None:
        """Drop what is known of messages that are settled."""
        self.confirmed.clear()
        self.returned.clear()
        self.nacked.clear()

    def _on_open(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(ack_nack_callback=self._on_confirm, callback=self._on_ready)

    def _on_ready(self, frame: object) -> None:
        self.ready = True

    def _on_close(self, error: BrokerUnavailable) -> None:
        self.error = error

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

"""Publishing with confirms that are not waited for one by one."""

from collections.abc import Callable
from itertools import takewhile
from time import monotonic
from typing import Any

from pika import BasicProperties
from pika.channel import Channel
from pika.exceptions import ChannelWrongStateError, ConnectionWrongStateError
from pika.spec import Basic

from worker.amqp.broker import Broker
from worker.amqp.wire import DIRECT_REPLY, Message, received
from worker.exceptions import BrokerUnavailable, Unsendable

CONFIRM_TIMEOUT = 60.0  # seconds without any answer; a blocked connection may take longer


class Sending:
    """A message on its way, and what the broker has said of it so far.

    One that is confirmed and returned has reached the broker, which found no queue for it.
    """

    __slots__ = ("confirmed", "exchange", "message_id", "nacked", "returned", "routing_key")

    def __init__(self, exchange: str, routing_key: str, message_id: str | None) -> None:
        self.exchange = exchange
        self.routing_key = routing_key
        self.message_id = message_id
        self.confirmed = self.nacked = self.returned = False

    def is_like(self, exchange: str, routing_key: str, message_id: str | None) -> bool:
        mine = self.exchange, self.routing_key, self.message_id
        return mine == (exchange, routing_key, message_id)


class Publisher:
    """Publishes on a channel of its own, and writes on each message what the broker says of it.

    Nothing waits here but `wait`: whoever steps the connection sees what comes. `ready` tells that
    the channel is open, `error` that it is not any more.
    """

    def __init__(self, broker: Broker) -> None:
        """Begin to open the channel of an open connection."""
        self._broker = broker
        self.ready = False
        self.error: BrokerUnavailable | None = None
        self._last = 0
        self._pending: dict[int, Sending] = {}  # by the broker's number, in their order
        self._progress: object = None
        self._deadline = 0.0
        self._channel: Channel = broker.open_channel(self._on_open, self._on_close)

    @property
    def pending(self) -> int:
        """Return of how many messages the broker has not said anything yet."""
        return len(self._pending)

    def publish(
        self, exchange: str, routing_key: str, body: bytes, properties: BasicProperties
    ) -> Sending:
        """Hand a message over, and return where the broker's answer will be read.

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
        sending = Sending(exchange, routing_key, properties.message_id)
        self._pending[self._last] = sending
        return sending

    def hear_replies(self, hear: Callable[[Message], None]) -> None:
        """Have `hear` called with replies to what goes out with `DIRECT_REPLY` as reply_to."""

        def on_reply(_: Channel, __: Any, properties: BasicProperties, body: bytes) -> None:
            hear(received(properties, body))

        self._channel.basic_consume(DIRECT_REPLY, on_reply, auto_ack=True)

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

    def _on_open(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(ack_nack_callback=self._on_confirm, callback=self._on_ready)

    def _on_ready(self, frame: object) -> None:
        self.ready = True

    def _on_close(self, error: BrokerUnavailable) -> None:
        self.error = error

    def _on_confirm(self, frame: Any) -> None:
        method, tag = frame.method, frame.method.delivery_tag
        numbers = [tag]
        if method.multiple:
            numbers = list(takewhile(lambda number: number <= tag, self._pending))
        answered = map(self._pending.pop, numbers)
        if isinstance(method, Basic.Ack):
            for sending in answered:
                sending.confirmed = True
        else:
            for sending in answered:
                sending.nacked = True

    def _on_return(
        self, channel: Channel, method: Any, properties: BasicProperties, body: bytes
    ) -> None:
        # A return has no number of ours. But it comes before the confirm of its message, and the
        # broker returns messages in the order in which they were published.
        place = method.exchange, method.routing_key, properties.message_id
        waiting = (sending for sending in self._pending.values() if not sending.returned)
        next(sending for sending in waiting if sending.is_like(*place)).returned = True

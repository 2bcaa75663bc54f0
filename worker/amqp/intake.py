"""Deliveries of one queue, taken on one channel."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from random import random
from time import monotonic, sleep
from typing import Any, NamedTuple

from pika import BasicProperties
from pika.channel import Channel

from worker.amqp.broker import Broker
from worker.amqp.wire import Message, received
from worker.exceptions import BrokerUnavailable

BATCH_BYTES = 8 * 2**20  # of messages taken at a time, so that a batch meets its deadlines

FEW = 3  # times that a message may have been given back before it is suspect; the limit is 20
LAST = 10.0  # seconds that suspects let all others go first
SHARE = 16  # of so many suspects one more is taken at a time


class Delivery(NamedTuple):
    """A message with the tag that acknowledges it, on the channel that brought it."""

    tag: int
    suspect: bool
    message: Message


class Intake:
    """Consumes one queue. Everything raises `BrokerUnavailable` when the connection is lost.

    It begins with one delivery at a time, and takes `prefetch` at a time after the first settled
    delivery that is not suspect. A message is suspect when it has been given back a few times: one
    that kills its consumers then uses up its own delivery limit, not that of its neighbours.

    Who takes much already may get such a message together with those that were given back with it,
    again and again. So suspects wait until all others are settled, and are taken few at a time and
    in no order: of those that come with the one that kills, half are settled before each death.
    """

    def __init__(
        self,
        broker: Broker,
        queue: str,
        prefetch: int,
        kept_headers: Sequence[str] = (),
        *,
        in_order: bool = False,
    ) -> None:
        """`kept_headers`: those that are kept of a message that has too many.

        `in_order`: suspects keep their place. It does no harm where only one takes at a time.
        """
        self._broker = broker
        self.queue = queue
        self._prefetch = prefetch
        self._kept = kept_headers
        self._in_order = in_order
        self._careful = True
        self._tag: str | None = None
        self._unsettled: dict[int, int] = {}  # bytes of what was delivered by tag, in their order
        self._channel: Channel = broker.channel()
        self._channel.add_on_cancel_callback(self._on_cancel)
        self._waiting: deque[Delivery] = deque()
        self._suspects: list[tuple[float, Delivery]] = []  # in the order they are taken in
        self._suspects_since = 0.0
        self.bytes = 0  # of all that was delivered and is not settled
        self._consume(1)

    def __len__(self) -> int:
        """Return how many deliveries wait to be taken."""
        return len(self._waiting) + len(self._suspects)

    @property
    def ready(self) -> bool:
        """Tell whether there is something to take now."""
        return bool(self._waiting) or self._suspects_turn

    def take(self, most: int) -> list[Delivery]:
        """Take the next deliveries, at least one, at most so many and `BATCH_BYTES`."""
        if not self._suspects_turn:
            return _first(self._waiting, most)
        some = deque(delivery for _, delivery in self._suspects[: len(self._suspects) // SHARE + 1])
        taken = _first(some, most)
        del self._suspects[: len(taken)]
        return taken

    @property
    def _suspects_turn(self) -> bool:
        if not self._suspects:
            return False
        others = len(self._unsettled) - len(self._suspects)
        return not others or monotonic() > self._suspects_since + LAST

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge these deliveries and no other."""
        widen = self._careful and not deliveries[-1].suspect
        if widen:
            # We cancel before we ack. With a prefetch of 1 nothing else can arrive now; a message
            # that arrived and went back would count one delivery towards its limit.
            self.stop()
        self._ack(sorted(delivery.tag for delivery in deliveries))
        if widen:
            self._widen()

    def keep(self, delivery: Delivery) -> None:
        """Go on to the full prefetch, although this delivery is not settled yet: it did no harm."""
        if self._careful and not delivery.suspect:
            self.stop()
            self._widen()

    def wait(self, seconds: float) -> None:
        """Serve the connection until something comes; but read little where much waits already."""
        if self.bytes < BATCH_BYTES:
            self._broker.step(seconds)
        else:
            self._broker.step()
            sleep(seconds)

    def _ack(self, tags: list[int]) -> None:
        """Acknowledge with one frame what has nothing unsettled before it: all, as a rule."""
        for tag in tags:
            self.bytes -= self._unsettled.pop(tag)
        first = next(iter(self._unsettled), tags[-1] + 1)
        together = bisect_left(tags, first)
        if together:
            self._channel.basic_ack(tags[together - 1], multiple=True)
        for tag in tags[together:]:
            self._channel.basic_ack(tag, multiple=False)

    def _widen(self) -> None:
        self._careful = False
        self._consume(self._prefetch)

    def stop(self) -> None:
        """Take no more; what has come already may still be settled."""
        if self._tag is not None:
            self._broker.call(self._channel.basic_cancel, consumer_tag=self._tag)
            self._tag = None

    def finish(self) -> None:
        """Wait until the queue has heard of what was acknowledged.

        A quorum queue may lose acknowledgements behind which the channel closes at once (seen on
        RabbitMQ 3.10: one stop in ten, the last two frames). Its answer comes after them.
        """
        self._broker.call(self._channel.queue_declare, queue=self.queue, passive=True)

    def _consume(self, prefetch: int) -> None:
        self._broker.call(self._channel.basic_qos, prefetch_count=prefetch)
        # We wait for the broker's answer: without it we would believe that we consume, although
        # the broker may have refused.
        self._tag = self._broker.call(
            self._channel.basic_consume, queue=self.queue, on_message_callback=self._on_message
        ).consumer_tag

    def _on_message(
        self, channel: Channel, method: Any, properties: BasicProperties, body: bytes
    ) -> None:
        message = received(properties, body, self._kept)
        # A quorum queue tells how often it has delivered the message. Where it tells nothing, we
        # suspect every message that is delivered again.
        count = message.headers.get("x-delivery-count")
        suspect = method.redelivered and not (isinstance(count, int) and count < FEW)
        self.bytes += message.size
        self._unsettled[method.delivery_tag] = message.size
        delivery = Delivery(method.delivery_tag, suspect, message)
        if self._in_order or not suspect:
            self._waiting.append(delivery)
        else:
            self._put_last(delivery)

    def _put_last(self, suspect: Delivery) -> None:
        if not self._suspects:
            self._suspects_since = monotonic()
        # Not by their counts: those that were with the poison for longest would always follow it.
        insort(self._suspects, (random(), suspect))  # noqa: S311 - no secret

    def _on_cancel(self, frame: object) -> None:
        self._broker.lose(BrokerUnavailable(f"the broker cancelled our consumer of {self.queue}"))


def _first(waiting: deque[Delivery], most: int) -> list[Delivery]:
    """Take the first of these, at least one, at most so many and `BATCH_BYTES`."""
    taken = [waiting.popleft()]
    room = BATCH_BYTES - taken[0].message.size
    while waiting and len(taken) < most:
        room -= waiting[0].message.size
        if room < 0:
            break
        taken.append(waiting.popleft())
    return taken

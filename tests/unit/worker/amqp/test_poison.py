"""A message that kills whoever takes it costs only itself, however many consumers there are.

The real intake, with a queue that delivers, counts and gives back as a quorum queue does.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties

from worker.amqp import intake as module
from worker.amqp.intake import Intake

LIMIT = 20  # times that a message may be given back
PREFETCH = 200


@dataclass(order=True)
class Queued:
    """A message at its place in the queue, to which it returns."""

    place: int
    given_back: int = field(default=0, compare=False)


@dataclass
class QuorumQueue:
    """Messages in their order; who was given back too often is dead."""

    random: Random
    ready: list[Queued] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    _places: Any = field(default_factory=count)

    def publish(self, messages: int) -> None:
        self.ready += [Queued(next(self._places)) for _ in range(messages)]

    def give_back(self, message: Queued) -> None:
        message.given_back += 1
        if message.given_back > LIMIT:
            self.dead.append(message.place)
        else:
            insort(self.ready, message)


class ConsumingChannel:
    """What the intake sees of a broker."""

    def __init__(self, queue: QuorumQueue) -> None:
        self._queue = queue
        self._tags = count(1)
        self._prefetch = 0
        self._callback: Callable[..., None] | None = None
        self.unsettled: dict[int, Queued] = {}

    def add_on_cancel_callback(self, callback: Callable[..., None]) -> None: ...

    def basic_qos(self, prefetch_count: int) -> None:
        self._prefetch = prefetch_count

    def basic_cancel(self, consumer_tag: str) -> None:
        self._callback = None

    def basic_consume(self, queue: str, on_message_callback: Callable[..., None]) -> Any:
        self._callback = on_message_callback
        return SimpleNamespace(consumer_tag="tag")

    def basic_ack(self, tag: int, multiple: bool) -> None:
        for settled in [t for t in self.unsettled if t == tag or (multiple and t < tag)]:
            del self.unsettled[settled]

    def deliver(self, most: int) -> None:
        """Bring what there is room for."""
        while self._callback and self._queue.ready and most:
            if len(self.unsettled) >= self._prefetch:
                return
            most -= 1
            message, tag = self._queue.ready.pop(0), next(self._tags)
            self.unsettled[tag] = message
            method = SimpleNamespace(delivery_tag=tag, redelivered=message.given_back > 0)
            headers = {"x-delivery-count": message.given_back} if message.given_back else {}
            properties = BasicProperties(headers=headers)
            self._callback(None, method, properties, str(message.place).encode())


class Process:
    """A consumer that dies of some messages, a while after it has taken them, and is replaced."""

    def __init__(self, queue: QuorumQueue, poison: int, patience: int) -> None:
        self._queue, self._poison, self._patience = queue, poison, patience
        self._begin()

    def _begin(self) -> None:
        self._channel = ConsumingChannel(self._queue)
        broker = SimpleNamespace(
            channel=lambda: self._channel, call=lambda method, **arguments: method(**arguments)
        )
        self._intake = Intake(broker, "q", PREFETCH)
        self._hangs = 0

    def step(self, batch: int) -> None:
        self._channel.deliver(self._queue.random.randint(1, 2 * PREFETCH))
        if self._hangs:
            self._hangs -= 1
            if not self._hangs:
                self._die()
        elif self._intake.ready:
            self._work(self._intake.take(batch))

    def _work(self, taken: Sequence[Any]) -> None:
        if any(int(delivery.message.body) == self._poison for delivery in taken):
            self._hangs = self._patience
        else:
            before = set(self._channel.unsettled)
            self._intake.acknowledge(taken)
            settled = before - set(self._channel.unsettled)
            assert settled == {delivery.tag for delivery in taken}

    def _die(self) -> None:
        for message in self._channel.unsettled.values():
            self._queue.give_back(message)
        self._begin()


@pytest.mark.parametrize("seed", range(3, 15))
def test_a_poison_message_takes_no_neighbour_along(seed: int, monkeypatch) -> None:
    random, seconds = Random(seed), count(0, 0.05)
    monkeypatch.setattr(module, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(module, "random", random.random)
    queue, poison = QuorumQueue(random), random.randint(0, 400)
    patience, batch, traffic = (
        random.choice([1, 10, 80]),
        random.randint(1, 100),
        random.randint(0, 60),
    )
    processes = [Process(queue, poison, patience) for _ in range(random.randint(2, 4))]
    queue.publish(500)
    for message in random.sample(queue.ready, 250):  # which have seen other deaths before
        message.given_back = 2 * (message.place != poison)
    for _ in range(100_000):
        if poison in queue.dead:
            break
        queue.publish(random.randint(0, traffic) if len(queue.ready) < 1000 else 0)
        random.choice(processes).step(random.randint(1, batch))
    assert queue.dead == [poison]

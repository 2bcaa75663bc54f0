"""How much is taken at a time, and when more is asked for."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties

from worker import intake as module
from worker.intake import Intake


class FakeChannel:
    def __init__(self, calls: list[tuple[str, Any]]) -> None:
        self._calls = calls

    def add_on_cancel_callback(self, callback: Callable[..., None]) -> None:
        self.on_cancel = callback

    def basic_qos(self, prefetch_count: int) -> None:
        self._calls.append(("qos", prefetch_count))

    def basic_cancel(self, consumer_tag: str) -> None:
        self._calls.append(("cancel", consumer_tag))

    def basic_ack(self, tag: int, multiple: bool) -> None:
        self._calls.append(("ack up to" if multiple else "ack", tag))

    def basic_consume(self, queue: str, on_message: Callable[..., None]) -> str:
        self.on_message = on_message
        return "tag"


class World:
    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.channel = FakeChannel(self.calls)
        broker = SimpleNamespace(
            channel=lambda: self.channel, call=lambda method, **arguments: method(**arguments)
        )
        self.intake = Intake(broker, "q", 7)
        self._tag = 0

    def deliver(self, size: int, *, redelivered: bool = False, **headers: Any) -> None:
        self._tag += 1
        method = SimpleNamespace(delivery_tag=self._tag, redelivered=redelivered)
        properties = BasicProperties(headers=headers)
        self.channel.on_message(None, method, properties, b"x" * size)

    def take(self, most: int = 100) -> list[int]:
        return [delivery.tag for delivery in self.intake.take(most)]


@pytest.fixture
def world(monkeypatch) -> World:
    monkeypatch.setattr(module, "BATCH_BYTES", 100)
    return World()


def test_what_waits_is_taken_in_its_order(world):
    for _ in range(3):
        world.deliver(1)
    assert world.take() == [1, 2, 3]


def test_no_more_is_taken_than_asked_for(world):
    for _ in range(3):
        world.deliver(1)
    assert (world.take(2), world.take(2)) == ([1, 2], [3])


def test_no_more_is_taken_than_there_is_room_for(world):
    for size in (40, 60, 1, 99):
        world.deliver(size)
    assert (world.take(), world.take()) == ([1, 2], [3, 4])


def test_one_is_taken_however_large(world):
    world.deliver(500)
    world.deliver(1)
    assert (world.take(), world.take()) == ([1], [2])


def test_the_bytes_that_wait_are_known(world):
    world.deliver(40)
    world.deliver(70)
    assert world.intake.bytes == 110
    world.take()
    assert world.intake.bytes == 70


def test_it_begins_with_one_and_goes_on_with_the_full_prefetch(world):
    world.deliver(1)
    world.intake.settle(world.intake.take(1))
    assert world.calls == [("qos", 1), ("cancel", "tag"), ("ack up to", 1), ("qos", 7)]


def test_it_goes_on_with_one_after_a_suspect(world):
    world.deliver(1, redelivered=True)
    world.intake.settle(world.intake.take(1))
    assert world.calls == [("qos", 1), ("ack up to", 1)]


@pytest.mark.parametrize(("count", "suspect"), [(1, False), (2, False), (3, True), ("2", True)])
def test_a_few_redeliveries_are_not_suspect(world, count, suspect):
    world.deliver(1, redelivered=True, **{"x-delivery-count": count})
    assert world.intake.take(1)[0].suspect is suspect

"""How much is taken at a time, and when more is asked for."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties

from worker.amqp import intake as module
from worker.amqp.intake import Intake


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

    def basic_consume(self, queue: str, on_message_callback: Callable[..., None]) -> Any:
        self.on_message = on_message_callback
        return SimpleNamespace(consumer_tag="tag")


class World:
    def __init__(self, *, in_order: bool = False) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.channel = FakeChannel(self.calls)
        broker = SimpleNamespace(
            channel=lambda: self.channel, call=lambda method, **arguments: method(**arguments)
        )
        self.intake = Intake(broker, "q", 7, in_order=in_order)
        self._tag = 0

    def deliver(self, size: int, *, redelivered: bool = False, **headers: Any) -> None:
        self._tag += 1
        method = SimpleNamespace(delivery_tag=self._tag, redelivered=redelivered)
        properties = BasicProperties(headers=headers)
        self.channel.on_message(None, method, properties, b"x" * size)

    def take(self, most: int = 100) -> list[int]:
        return [delivery.tag for delivery in self.intake.take(most)]

    def settle(self) -> list[int]:
        taken = self.intake.take(100)
        self.intake.acknowledge(taken)
        return [delivery.tag for delivery in taken]

    def deliver_again(self, *counts: int) -> None:
        for count in counts:
            self.deliver(1, redelivered=True, **{"x-delivery-count": count})


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


def test_the_bytes_count_until_they_are_settled(world):
    world.deliver(40)
    world.deliver(70)
    assert world.intake.bytes == 110
    taken = world.intake.take(1)
    assert world.intake.bytes == 110
    world.intake.acknowledge(taken)
    assert world.intake.bytes == 70


def test_what_a_message_brings_besides_its_body_counts(world):
    properties = BasicProperties(headers={"h": "x" * 30})
    vars(properties)["wire_bytes"] = 9
    for tag in (1, 2):
        method = SimpleNamespace(delivery_tag=tag, redelivered=False)
        world.channel.on_message(None, method, properties, b"")
    assert world.intake.bytes == 180
    world.intake.acknowledge(world.intake.take(1))
    assert world.intake.bytes == 90


def test_it_begins_with_one_and_goes_on_with_the_full_prefetch(world):
    world.deliver(1)
    world.intake.acknowledge(world.intake.take(1))
    assert world.calls == [("qos", 1), ("cancel", "tag"), ("ack up to", 1), ("qos", 7)]


def test_it_goes_on_with_one_after_a_suspect(world):
    world.deliver(1, redelivered=True)
    world.intake.acknowledge(world.intake.take(1))
    assert world.calls == [("qos", 1), ("ack up to", 1)]


@pytest.mark.parametrize(("count", "suspect"), [(1, False), (2, False), (3, True), ("2", True)])
def test_a_few_redeliveries_are_not_suspect(world, count, suspect):
    world.deliver(1, redelivered=True, **{"x-delivery-count": count})
    assert world.intake.take(1)[0].suspect is suspect


def acks(world: World) -> list[tuple[str, Any]]:
    return [call for call in world.calls if call[0].startswith("ack")]


def test_what_is_settled_around_a_held_one_is_acknowledged_without_it(world):
    for _ in range(5):
        world.deliver(1)
    first, second, held, fourth, fifth = world.intake.take(5)
    world.intake.acknowledge([first, second, fourth])
    world.intake.acknowledge([fifth])
    assert acks(world) == [("ack up to", 2), ("ack", 4), ("ack", 5)]
    world.intake.acknowledge([held])
    assert acks(world)[3:] == [("ack up to", 3)]


def test_one_frame_acknowledges_a_batch_again_when_nothing_is_held(world):
    for _ in range(4):
        world.deliver(1)
    held, *others = world.intake.take(2)
    world.intake.acknowledge(others)
    world.intake.acknowledge([held])
    world.intake.acknowledge(world.intake.take(2))
    assert acks(world)[-1] == ("ack up to", 4)


def test_a_delivery_that_is_kept_lets_more_come(world):
    world.deliver(1)
    world.intake.keep(*world.intake.take(1))
    assert world.calls == [("qos", 1), ("cancel", "tag"), ("qos", 7)]


def test_a_suspect_that_is_kept_does_not(world):
    world.deliver(1, redelivered=True)
    world.intake.keep(*world.intake.take(1))
    assert world.calls == [("qos", 1)]


def test_suspects_go_alone_and_after_all_others(world):
    world.deliver_again(0, 3, 2, 0)
    assert [world.settle(), world.settle()] == [[1, 3, 4], [2]]


def test_suspects_go_in_no_order_and_not_by_their_counts(world, monkeypatch):
    places = iter([0.2, 0.9, 0.1])
    monkeypatch.setattr(module, "random", lambda: next(places))
    world.deliver_again(4, 3, 5)
    assert [world.settle(), world.settle(), world.settle()] == [[3], [1], [2]]


def test_of_many_suspects_a_few_go_at_a_time(world):
    world.deliver_again(*[3] * 40)
    assert [len(world.settle()) for _ in range(4)] == [3, 3, 3, 2]


def test_others_that_keep_coming_hold_up_suspects_for_a_few_seconds_only(world, monkeypatch):
    monkeypatch.setattr(module, "monotonic", lambda: 100.0)
    world.deliver_again(3, 0)
    world.deliver_again(0)
    assert world.take(1) == [2]
    monkeypatch.setattr(module, "monotonic", lambda: 100.1 + module.LAST)
    assert [world.take(), world.take()] == [[1], [3]]


def test_a_suspect_waits_until_all_that_was_taken_before_is_settled(world):
    world.deliver_again(0, 3)
    taken = world.intake.take(9)
    assert not world.intake.ready
    world.intake.acknowledge(taken)
    assert world.intake.ready


def test_where_order_counts_suspects_keep_their_place(monkeypatch):
    world = World(in_order=True)
    world.deliver_again(3, 0, 4)
    assert world.take() == [1, 2, 3]


def test_a_suspect_that_waits_is_not_acknowledged_with_those_that_came_after_it(world):
    world.deliver_again(3, 0, 0)
    world.intake.acknowledge(world.intake.take(9))
    assert acks(world) == [("ack", 2), ("ack", 3)]


def test_what_is_settled_out_of_its_order_is_acknowledged_together(world):
    world.deliver_again(0, 0)
    world.intake.acknowledge(world.intake.take(9)[::-1])
    assert acks(world) == [("ack up to", 2)]

"""How far it is from pika's callback to the aggregate's method."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties

from persistence.database import Database
from tests.sample.thing import Thing
from tests.support.component import component
from tests.support.messages import CREATE, create
from tests.support.project import PACKAGES, ROOT
from worker.amqp import intake as intake_module
from worker.amqp.intake import Intake
from worker.consumer.batches import Batches
from worker.consumer.consumer import Consumer
from worker.consumer.held import Held
from worker.consumer.pace import Pace
from worker.runtime.health import Health
from worker.runtime.stop import StopFlag

OURS = tuple(str(ROOT / package) for package in PACKAGES)


def named_hops() -> list[str]:
    """Return the functions of ours that are being called, the innermost last."""
    frame: FrameType | None = sys._getframe(2)
    hops = []
    while frame:
        if frame.f_code.co_filename.startswith(OURS):
            hops.append(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}")
        frame = frame.f_back
    return hops[::-1]


class FakeChannel:
    """A channel of pika's that calls back when a test delivers."""

    def add_on_cancel_callback(self, callback: object) -> None: ...

    def basic_qos(self, prefetch_count: int) -> None: ...

    def basic_cancel(self, consumer_tag: str) -> None: ...

    def basic_ack(self, tag: int, multiple: bool) -> None: ...

    def basic_consume(self, queue: str, on_message_callback: Callable[..., None]) -> Any:
        self.deliver = on_message_callback
        return SimpleNamespace(consumer_tag="tag")


def test_a_command_makes_eleven_named_hops_from_the_callback_to_the_aggregate(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    way: list[str] = []
    read, make = intake_module.received, Thing.create

    def received(*arguments: Any) -> Any:
        way.extend(named_hops())
        return read(*arguments)

    def created(*arguments: Any) -> Any:
        way.extend([*named_hops(), "the aggregate"])
        return make(*arguments)

    monkeypatch.setattr(intake_module, "received", received)
    monkeypatch.setattr(Thing, "create", created)
    channel, parts = FakeChannel(), component(sqlite)
    broker = SimpleNamespace(
        channel=lambda: channel, call=lambda method, **arguments: method(**arguments)
    )
    intake = Intake(broker, "q", 7)
    consumer = Consumer(parts, StopFlag(1), Health(sqlite, 30))
    batches = Batches(parts, intake, Pace(10, 10), Held())
    method = SimpleNamespace(delivery_tag=1, redelivered=False)
    properties = BasicProperties(type=CREATE, headers={})
    channel.deliver(channel, method, properties, json.dumps(create()).encode())
    assert consumer._work(batches)
    assert way[0] == "intake._on_message"
    assert way[1] == "consumer._work"
    assert len(way) <= 11, "\n".join(way)

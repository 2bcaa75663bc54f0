"""Memory stays flat: large messages one at a time, large headers while nothing can be stored."""

from functools import partial
from pathlib import Path
from uuid import uuid4

from tests.support.foreign import Subscriber, create, update
from tests.support.system import Process, System
from tests.support.waiting import hold, wait_for

LARGE = "x" * (2**20 - 1000)
COUNT = 40


def resident(process: Process) -> int:
    """Return the megabytes that a process holds in memory."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096 // 2**20


def test_large_values_one_at_a_time_leave_nothing_behind(system: System) -> None:
    subscriber, sender = system.subscriber(), system.sender()
    consumer, relay = system.start("consume"), system.start("relay")
    thing = str(uuid4())
    sender.send([create(thing)])
    wait_for(lambda: subscriber.heard, "its creation")
    held: list[tuple[int, int]] = []
    for _ in range(COUNT):
        expected = len(subscriber.heard) + 1
        sender.send([update(thing, LARGE)])
        wait_for(partial(heard, subscriber, expected), "the event")
        held.append((resident(consumer), resident(relay)))
    early, late = held[COUNT // 4], held[-1]
    assert late[0] - early[0] < 25
    assert late[1] - early[1] < 25


def heard(subscriber: Subscriber, count: int) -> bool:
    return len(subscriber.heard) >= count


def test_large_headers_are_held_bounded_while_nothing_can_be_stored(system: System) -> None:
    subscriber, sender = system.subscriber(), system.sender()
    consumer = system.start("consume")
    system.start("relay")
    sender.send([create()])
    wait_for(lambda: subscriber.heard, "a first event")
    before = resident(consumer)
    headers = {f"h{i:05}": i for i in range(5000)}
    system.execute("ALTER TABLE inbox RENAME TO away")
    sender.send([create(headers=headers) for _ in range(400)])
    consumer.wait_for_log("is away")
    hold(4)
    held = resident(consumer) - before
    system.execute("ALTER TABLE away RENAME TO inbox")
    wait_for(lambda: len(subscriber.heard) >= 401, "all events", 60)
    assert held < 100
    assert resident(consumer) - before < 100

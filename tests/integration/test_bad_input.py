"""Thousands of messages that are none, among as many good ones, at full load."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.support.bad_messages import MAX_MESSAGE_BYTES, allow_raw_headers, bad_message
from tests.support.foreign import create
from tests.support.system import System
from tests.support.waiting import wait_for

COUNT = 5000


def resident(pid: int) -> int:
    """Return the megabytes that a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 // 2**20


@pytest.mark.timeout(600)
def test_bad_messages_become_dead_letters_of_their_kind_and_cost_nobody_else_anything(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    source = random.Random(seed)
    allow_raw_headers(monkeypatch)
    subscriber, sender = system.subscriber(), system.sender()
    consumer = system.start("consume", MAX_MESSAGE_BYTES=str(MAX_MESSAGE_BYTES))
    relay = system.start("relay")
    good, kinds = [], Counter[str]()
    half = 0
    for number in range(COUNT):
        good.append(create())
        sender.send(good[-1:])
        bad = bad_message(source)
        kinds[bad.kind] += 1
        sender.send_raw(bad.body, **bad.properties)
        if number == COUNT // 2:
            wait_for(lambda: system.count("dead_letters") >= 500, "the first dead letters", 120)
            half = resident(consumer.pid)
    wait_for(lambda: system.count("dead_letters") >= COUNT, "every dead letter", 120)
    wait_for(lambda: len(subscriber.of_type("thing.Created")) >= COUNT, "every event", 120)
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    assert resident(consumer.pid) - half < 30
    assert consumer.code is None, consumer.log()
    assert relay.code is None, relay.log()
    assert "is away" not in consumer.log()
    assert Counter(dict(system.query("SELECT kind, count(*) FROM dead_letters GROUP BY kind"))) == (
        kinds
    )
    assert system.count("dead_letters", "reason = ''") == 0
    assert system.count("inbox", "status = 'applied'") == COUNT
    events = subscriber.of_type("thing.Created")
    assert {event.body["command_id"] for event in events} == {c.command_id for c in good}
    assert len(subscriber.of_type("CommandFailed")) == system.count("inbox", "status = 'failed'")

"""Processes that die at the worst moment, aimed, not random."""

from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.checker import check
from tests.support.foreign import create, update
from tests.support.kill_points import CONSUMER_POINTS, RELAY_POINTS
from tests.support.system import System
from tests.support.waiting import wait_for


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("point", [*CONSUMER_POINTS, *RELAY_POINTS])
def test_a_process_killed_anywhere_loses_nothing_and_doubles_nothing(
    either_system: System, tmp_path: Path, point: str, at: int
) -> None:
    system = either_system
    subscriber, sender = system.subscriber(), system.sender()
    mark = tmp_path / "mark"
    victim, other = ("consume", "relay") if point in CONSUMER_POINTS else ("relay", "consume")
    entities = [str(uuid4()) for _ in range(5)]
    sent = [create(entity) for entity in entities]
    sent += [update(entities[i % 5], f"value {i}") for i in range(95)]
    killed = system.start(
        victim,
        module="tests.support.kill_points",
        KILL_POINT=point,
        KILL_AT=str(at),
        KILL_MARK=str(mark),
        BATCH_SIZE="20",
        PREFETCH_COUNT="40",
    )
    if victim == "relay":
        system.start(other)
    for wave in range(0, 100, 20):  # so that there is something to do more than once
        sender.send(sent[wave : wave + 20])
        wait_for(
            lambda sent_so_far=wave + 20: (
                killed.code is not None
                or len(subscriber.heard) >= sent_so_far
                or (victim == "consume" and system.count("inbox") >= sent_so_far)
            ),
            "the wave's end or the kill",
        )
    assert killed.wait() == -9, killed.log()
    assert mark.read_text() == point
    system.start(victim)
    if victim == "consume":
        system.start(other)
    wait_for(
        lambda: len({event.body["event_id"] for event in subscriber.heard}) >= 100, "all events"
    )
    wait_for(lambda: system.waiting() == 0 and system.count("outbox") == 0, "everything settled")
    assert check(system, sent, subscriber.heard).problems == []
    if point in ("after publish before confirm", "after confirm before delete"):
        assert len(subscriber.heard) > 100, "nothing was published again: the point was missed"

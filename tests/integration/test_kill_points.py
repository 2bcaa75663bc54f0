"""Processes that die at the worst moment, aimed, not random."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.checker import check
from tests.support.foreign import Sent, create, update
from tests.support.kill_points import CONSUMER_POINTS, RELAY_POINTS
from tests.support.system import System
from tests.support.waiting import wait_for

WAVE = 20


@pytest.mark.parametrize("point", [*CONSUMER_POINTS, *RELAY_POINTS])
def test_processes_killed_anywhere_lose_nothing_and_double_nothing(
    either_system: System, tmp_path: Path, point: str
) -> None:
    system = either_system
    subscriber, sender = system.subscriber(), system.sender()
    victim, other = ("consume", "relay") if point in CONSUMER_POINTS else ("relay", "consume")
    things = [str(uuid4()) for _ in range(5)]
    sent: list[Sent] = [create(thing) for thing in things]
    sender.send(sent)
    system.start(other, BATCH_SIZE="10")
    for kill in (1, 2, 3):
        mark = tmp_path / f"mark {kill}"
        killed = system.start(
            victim,
            module="tests.support.kill_points",
            KILL_POINT=point,
            KILL_AT=str(kill),
            KILL_MARK=str(mark),
            BATCH_SIZE="10",
            PREFETCH_COUNT="20",
        )
        while killed.code is None:  # it dies when it has had something to do often enough
            assert len(sent) < 1000, "the point was never reached"
            wave = [update(things[i % 5], f"value {len(sent) + i}") for i in range(WAVE)]
            sender.send(wave)
            sent += wave
            done = subscriber.distinct if victim == "relay" else lambda: system.count("inbox")
            wait_for(
                lambda: killed.code is not None or done() >= len(sent) - WAVE,  # noqa: B023
                "the kill, or the end of the wave before",
            )
        assert killed.code == -9, killed.log()
        assert mark.read_text() == point
    system.start(victim)
    wait_for(lambda: subscriber.distinct() >= len(sent), "all events")
    wait_for(lambda: system.waiting() == 0 and system.count("outbox") == 0, "everything settled")
    assert check(system, sent, subscriber.heard).problems == []
    if point in ("after publish before confirm", "after confirm before delete"):
        assert len(subscriber.heard) > len(sent), "nothing was published again"


def test_a_migration_that_is_killed_anywhere_is_mended_by_the_next(
    make_system: Callable[..., System], empty_database_url: str, tmp_path: Path
) -> None:
    system = make_system(empty_database_url)
    for table in range(1, 6):
        mark = tmp_path / f"mark {table}"
        killed = system.start(
            "migrate",
            module="tests.support.kill_points",
            KILL_POINT="during migration",
            KILL_AT=str(table),
            KILL_MARK=str(mark),
        )
        assert killed.wait() == -9, killed.log()
        assert mark.read_text() == "during migration"
    assert "up to date" in system.migrate()
    subscriber, sent = system.subscriber(), [create() for _ in range(20)]
    system.start("run")
    system.sender().send(sent)
    wait_for(lambda: subscriber.distinct() == 20, "the events")
    assert check(system, sent, subscriber.heard).problems == []

"""The short version of `python -m tests.chaos.outage`."""

from collections.abc import Iterator

import pytest

from tests.chaos.outage import outage
from tests.chaos.scene import Scene, staged
from tests.support.checker import check
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with staged() as scene:
        wait_for(lambda: scene.subscriber.distinct() > 100, "the traffic", 60)
        yield scene


@pytest.mark.parametrize("server", ["database", "broker"])
def test_three_seconds_without_a_server_cost_little_more_and_are_said_once(
    scene: Scene, server: str
) -> None:
    assert outage(scene, server, seconds=3).seconds < 30  # by hand, on a quiet machine: 10


def test_nothing_was_lost_or_doubled_meanwhile(scene: Scene) -> None:
    scene.settle()
    assert check(scene.system, scene.sender.sent, scene.subscriber.heard).problems == []

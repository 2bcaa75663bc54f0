"""The short version of `python -m tests.chaos.outage`."""

import pytest

from tests.chaos.outage import outage
from tests.chaos.scene import staged
from tests.support.checker import check
from tests.support.waiting import wait_for


@pytest.mark.server
def test_three_seconds_without_a_server_cost_little_more_and_are_said_once() -> None:
    with staged() as scene:
        wait_for(lambda: scene.subscriber.distinct() > 100, "the traffic", 60)
        for server in ("database", "broker"):
            outage(scene, server, seconds=3)
        scene.settle()
        assert check(scene.system, scene.sender.sent, scene.subscriber.heard).problems == []

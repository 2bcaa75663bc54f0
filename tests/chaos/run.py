"""Faults one after the other, under load; then the count."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from tests.chaos.faults import FAULTS, WEIGHTS, Fault
from tests.chaos.scene import Scene, staged
from tests.support.checker import Report, check
from tests.support.waiting import wait_for


@dataclass
class Outcome:
    """What a run did and what it found."""

    injected: Counter[str]
    commands: int
    published: int
    heard: int
    restarted: int
    report: Report


def run(minutes: float, say: Callable[[str], None], faults: Sequence[Fault] = FAULTS) -> Outcome:
    """Inject every fault once, then at random for as long as asked; settle, and check."""
    deadline = monotonic() + 60 * minutes
    injected: Counter[str] = Counter()
    with staged() as scene:
        wait_for(lambda: scene.subscriber.distinct() > 100, "the traffic", 60)
        queue = random.sample(list(faults), len(faults))
        while queue or monotonic() < deadline:
            fault = queue.pop() if queue else random.choices(FAULTS, WEIGHTS)[0]
            say(f"{fault.__name__} ({len(scene.sender.sent)} commands so far)")
            fault(scene)
            injected[fault.__name__] += 1
            _breathe(scene)
        say("settling")
        scene.settle()
        report = check(scene.system, scene.sender.sent, scene.subscriber.heard)
        return Outcome(
            injected,
            len(scene.sender.sent),
            scene.sender.published,
            len(scene.subscriber.heard),
            scene.restarted,
            report,
        )


def _breathe(scene: Scene) -> None:
    """Wait until events flow again: a fault on top of a fault would hide which one did harm."""
    heard = scene.subscriber.distinct()

    def flows() -> bool:
        scene.keep_running()
        return scene.subscriber.distinct() >= heard + 20

    wait_for(flows, "events to flow again", 90)

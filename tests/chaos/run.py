"""Faults one after the other, under load; then the count."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.faults.servers import fill_the_disk
from tests.chaos.scene import Scene, staged
from tests.support.checker import Report, check
from tests.support.waiting import wait_for

# At least so many a minute, however long it takes; and each fault, so that half an hour sees 20.
DONE_A_MINUTE = {"process kills": 10, "database restarts": 1, "broker restarts": 1}
EACH_A_MINUTE = 2 / 3


@dataclass(frozen=True)
class Plan:
    """How long a run takes at least, how often each fault comes, and what must have been done."""

    minutes: float
    each: int
    done: Mapping[str, float]

    @classmethod
    def of(cls, minutes: float) -> "Plan":
        each = max(1, ceil(EACH_A_MINUTE * minutes))
        return cls(minutes, each, {what: rate * minutes for what, rate in DONE_A_MINUTE.items()})


@dataclass
class Outcome:
    """What a run did and what it found."""

    injected: Counter[str]
    noticed: Counter[str]
    done: Counter[str]
    commands: int
    published: int
    heard: int
    restarted: int
    report: Report


def run(
    plan: Plan, say: Callable[[str], None], faults: Sequence[Fault] = FAULTS, nodes: int = 1
) -> Outcome:
    """Inject every fault once, then all again for as long as planned; settle, and check."""
    injected: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    with staged(nodes=nodes) as scene:
        wait_for(lambda: scene.subscriber.distinct() > 100, "the traffic", 60)
        possible = [f for f in faults if scene.disk or f.inject is not fill_the_disk]
        for fault in _schedule(plan, possible, injected, scene.done):
            say(f"{fault.name} ({len(scene.sender.sent)} commands so far)")
            before = scene.signs()
            fault.inject(scene)
            _breathe(scene)
            injected[fault.name] += 1
            noticed[fault.name] += scene.signs() > before
        say("settling")
        scene.settle()
        return Outcome(
            injected,
            noticed,
            scene.done,
            len(scene.sender.sent),
            scene.sender.published,
            len(scene.subscriber.heard),
            scene.restarted,
            check(scene.system, scene.sender.sent, scene.subscriber.heard),
        )


def _schedule(
    plan: Plan, faults: Sequence[Fault], injected: Counter[str], done: Counter[str]
) -> Iterator[Fault]:
    """Yield packs of all faults, each shuffled, until time is up and everything was done."""
    deadline = monotonic() + 60 * plan.minutes

    def wanted(fault: Fault) -> bool:
        return (
            injected[fault.name] < plan.each
            or monotonic() < deadline
            or any(done[what] < times for what, times in plan.done.items())
        )

    while any(map(wanted, faults)):
        pack = [fault for fault in faults for _ in range(fault.often)]
        yield from filter(wanted, random.sample(pack, len(pack)))


def _breathe(scene: Scene) -> None:
    """Wait until commands are applied and events flow again.

    A fault on top of a fault would hide which one did harm; events alone may be old ones.
    """
    heard, applied = scene.subscriber.distinct(), scene.system.count("inbox")

    def flows() -> bool:
        scene.keep_running()
        some = scene.subscriber.distinct() >= heard + 20
        return some and scene.system.count("inbox") >= applied + 20

    wait_for(flows, "commands and events to flow again", 90, every=0.2)

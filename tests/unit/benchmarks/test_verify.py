"""No run counts that lost, doubled or mixed up something."""

import json
from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.systems import SYSTEMS
from benchmarks.verify import NotDone, verify
from benchmarks.workload import Workload

WORKLOAD = Workload(4, 1)
UPDATES = WORKLOAD.updates


class Done:
    """What a run that did everything right leaves behind."""

    def __init__(self) -> None:
        self.inbox = [(update.command_id, "applied") for update in UPDATES]
        self.entities = [(WORKLOAD.entities[0], UPDATES[-1].value, 1 + len(UPDATES))]
        self.outbox = [(0,)]
        self.events = [self._event(number) for number in range(len(UPDATES))]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return next(getattr(self, t) for t in ("inbox", "entities", "outbox") if t in query)

    def _event(self, number: int) -> tuple[Any, bytes]:
        update = UPDATES[number]
        headers = {"aggregate-id": update.entity_id, "aggregate-version": number + 2}
        properties = SimpleNamespace(type="entity.Updated", delivery_mode=2, headers=headers)
        return properties, json.dumps(
            {"command_id": update.command_id, "value": update.value}
        ).encode()


def check(done: Done, system: str = "ours-1") -> None:
    verify(SYSTEMS[system], WORKLOAD, done, done.events)  # type: ignore[arg-type]  # Done is a stand-in


def test_all_done_is_accepted() -> None:
    check(Done())


HARM: dict[str, Callable[[Done], Any]] = {
    "a command lost": lambda done: done.inbox.pop(),
    "a command rejected": lambda done: done.inbox.__setitem__(0, (done.inbox[0][0], "rejected")),
    "an effect lost": lambda done: done.entities.__setitem__(0, (*done.entities[0][:2], 4)),
    "the order of effects": lambda done: done.entities.__setitem__(
        0, (done.entities[0][0], UPDATES[0].value, 5)
    ),
    "an event lost": lambda done: done.events.pop(),
    "an event doubled": lambda done: done.events.append(deepcopy(done.events[-1])),
    "the order of events": lambda done: done.events.reverse(),
    "a transient event": lambda done: setattr(done.events[0][0], "delivery_mode", 1),
    "an event kept back": lambda done: done.outbox.__setitem__(0, (1,)),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_harm_is_seen(harm: Callable[[Done], Any]) -> None:
    done = Done()
    harm(done)
    with pytest.raises(NotDone):
        check(done)


def test_peers_may_publish_in_another_order() -> None:
    done = Done()
    done.events.reverse()
    check(done, "dramatiq")

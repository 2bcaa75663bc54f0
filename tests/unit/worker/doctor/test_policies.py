"""Which settings of a policy do harm, and to which queue."""

from typing import Any

import pytest

from tests.support.component import settings
from worker.amqp.declarations import declarations
from worker.doctor import broker, policies
from worker.exceptions import NotAnswered

OURS = settings()
ARGUMENTS = {declaration.name: declaration.arguments for declaration in declarations(OURS)}


class Pages:
    """Stands for the management API of a broker with one policy for both queues."""

    def __init__(self, definition: dict[str, Any], bound: int = 1) -> None:
        self._definition = definition
        self._bound = bound

    def queue(self, name: str) -> Any:
        definition = self._definition
        if definition is None:
            raise NotAnswered("not found", 404)
        page = {"name": name, "arguments": ARGUMENTS[name], "policy": "theirs"}
        return {**page, "operator_policy": None, "effective_policy_definition": definition}

    def bindings_of(self, exchange: str) -> Any:
        return [{}] * self._bound


def harmed(definition: Any, bound: int = 1) -> list[tuple[str, str]]:
    """Return how bad it is, and for what."""
    found = [f for f in policies.examine(Pages(definition, bound), OURS) if f.state != "ok"]
    return [(f.state, next((n for n in ARGUMENTS if f"{n!r}" in f.sentence), "")) for f in found]


COMMANDS, BACKSTOP = ("wrong", "tests.commands"), ("wrong", "tests.commands.dead")


@pytest.mark.parametrize(
    ("definition", "harms"),
    [
        ({}, []),
        ({"overflow": "drop-head"}, []),
        ({"message-ttl": 60_000}, [COMMANDS, BACKSTOP]),
        ({"expires": 60_000}, [COMMANDS, BACKSTOP]),
        ({"delivery-limit": 5}, [COMMANDS, BACKSTOP]),
        ({"delivery-limit": 30}, [BACKSTOP]),
        ({"delivery-limit": -1}, []),
        ({"delivery-limit": 2**31 - 1}, []),
        ({"consumer-timeout": 300_000}, [COMMANDS, BACKSTOP]),
        ({"consumer-timeout": 600_000}, []),
        ({"max-length": 9}, [("warning", name) for _, name in (COMMANDS, BACKSTOP)]),
    ],
)
def test_what_a_policy_does_depends_on_its_setting_and_the_queue(definition, harms):
    assert harmed(definition) == harms


def test_a_queue_that_is_missing_has_no_policy():
    assert harmed(None) == []


def test_events_that_nobody_hears_are_told():
    assert harmed({}, bound=0) == [("warning", "tests.events")]


@pytest.mark.parametrize(
    ("version", "state"), [("3.9.29", "wrong"), ("3.10.8", "ok"), ("4.3.6", "ok")]
)
def test_a_broker_that_cannot_dead_letter_safely_is_too_old(monkeypatch, version, state):
    class Connected:
        pass

    Connected.version = version
    for trial in ("may_configure", "may_read", "may_write"):
        monkeypatch.setattr(broker.trials, trial, lambda *_: True)
    assert next(broker.examine(Connected(), OURS)).state == state

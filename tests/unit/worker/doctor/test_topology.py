"""What may not be looked at, as on RabbitMQ 4.3 without the configure right."""

from typing import Any

import pytest

from tests.support.component import settings
from worker.amqp.declarations import declarations
from worker.amqp.trials import Seen
from worker.doctor import processes, topology
from worker.exceptions import NotAnswered

_, _, COMMANDS = declarations(settings())
PAGE = {"messages": 3, "consumers": 2}


class Pages:
    """Stands for the management API."""

    def __init__(self, code: int | None = None) -> None:
        self._code = code

    def queue(self, name: str) -> Any:
        if self._code:
            raise NotAnswered("it says no", self._code)
        return PAGE


@pytest.fixture(autouse=True)
def blind(monkeypatch):
    monkeypatch.setattr(topology.trials, "see", lambda _, declaration: Seen(declaration, None))


def test_the_management_api_tells_it():
    assert topology.look(None, COMMANDS, Pages()) == Seen(COMMANDS, True, 3, 2)


def test_what_the_management_api_does_not_know_is_missing():
    assert topology.look(None, COMMANDS, Pages(404)).exists is False


def test_any_other_answer_is_none():
    with pytest.raises(NotAnswered):
        topology.look(None, COMMANDS, Pages(500))


def test_without_it_nobody_says_that_all_is_well():
    seen = topology.look(None, COMMANDS, None)
    (finding,) = processes.consumers(seen, None, settings())
    assert finding.state == "unknown"

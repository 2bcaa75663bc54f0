"""What an entry in `worker/aggregates.py` can say, and what comes of it."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.handling import Change, handles
from domain.messages import Command, Event
from persistence.database import Database
from persistence.unit_of_work import UnitOfWork
from tests.sample.thing import CommandHandler, Create, ThingID
from tests.support.backends import THING
from tests.support.component import settings
from worker.component import Aggregate, Component, Handlers
from worker.composition import compose
from worker.exceptions import SettingsError
from worker.settings import Settings
from worker.team import TeamSettings


@dataclass(frozen=True, kw_only=True)
class Swap(Command):
    """A command that touches two things."""

    thing_id: ThingID
    other_id: ThingID | None = None


def component(database: Database, aggregate: Aggregate, **changes: Any) -> Component:
    given = settings(database.url.render_as_string(hide_password=False), **changes)
    return Component(given, [aggregate], codec=None)


def test_a_handler_is_made_with_its_dependencies(sqlite):
    @dataclass(frozen=True, kw_only=True)
    class Prices(TeamSettings):
        price: int = 7

    class Handler(CommandHandler):
        def __init__(self, repository: Any, *, unit: UnitOfWork, price: int) -> None:
            super().__init__(repository)
            self.given = unit, price

    def dependencies(unit: UnitOfWork, settings: Settings) -> dict[str, Any]:
        return {"unit": unit, "price": settings.team.price}

    aggregate = replace(THING, handler=Handler, dependencies=dependencies)
    with UnitOfWork(sqlite, "tests") as unit:
        handlers = component(sqlite, aggregate, team=Prices()).handlers(unit)
        assert handlers._handlers[Create].given == (unit, 7)


def test_a_listener_is_made_for_each_unit_of_work_and_hears_in_it(sqlite):
    heard: list[tuple[UnitOfWork, Event]] = []

    def listener(unit: UnitOfWork) -> Any:
        return lambda event: heard.append((unit, event))

    with UnitOfWork(sqlite, "tests") as unit:
        handlers = component(sqlite, replace(THING, listeners=[listener])).handlers(unit)
        events = handlers.handle(Create())
    assert heard == [(unit, events[0])]


class Swapper(CommandHandler):
    @handles(Swap)
    def swap(self, command: Swap) -> list[Change]:
        raise NotImplementedError


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> list[set[UUID]]:
    """Which ids were locked, query by query."""
    locked: list[set[UUID]] = []
    monkeypatch.setattr(
        "persistence.repository.ORMRepository.lock", lambda self, ids: locked.append(set(ids))
    )
    return locked


def handlers(database: Database, aggregate: Aggregate) -> Handlers:
    with UnitOfWork(database, "tests") as unit:
        return component(database, aggregate).handlers(unit)


def test_all_aggregates_that_a_command_names_are_locked_together(sqlite, locked):
    aggregate = replace(THING, handler=Swapper, keys=("thing_id", "other_id"))
    one, other = uuid4(), uuid4()
    handlers(sqlite, aggregate).lock([Swap(thing_id=one, other_id=other), Create(thing_id=one)])
    assert locked == [{one, other}]


def test_a_key_that_a_command_leaves_empty_locks_nothing(sqlite, locked):
    aggregate = replace(THING, handler=Swapper, keys=("thing_id", "other_id"))
    one = uuid4()
    handlers(sqlite, aggregate).lock([Swap(thing_id=one)])
    assert locked == [{one}]


def test_aggregates_of_another_kind_are_locked_too(sqlite, locked):
    class Peer(CommandHandler):
        _methods: dict[Any, Any] = {}

    Peer._methods = {}
    first = replace(THING, handler=Swapper, others={"other_id": "peer"})
    second = replace(THING, name="peer", handler=Peer)
    one, other = uuid4(), uuid4()
    with UnitOfWork(sqlite, "tests") as unit:
        both = Component(settings(str(sqlite.url)), [first, second], codec=None)
        both.handlers(unit).lock([Swap(thing_id=one, other_id=other)])
    assert locked == [{one}, {other}]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere.at_all", "AGGREGATES: there is no module nowhere.at_all."),
        ("tests.support", "AGGREGATES: the module tests.support has no AGGREGATES."),
    ],
)
def test_a_module_without_aggregates_is_told_by_name(monkeypatch, name, sentence):
    monkeypatch.setenv("AGGREGATES", name)
    with pytest.raises(SettingsError) as told:
        compose(settings())
    assert str(told.value) == sentence


def test_a_process_takes_the_aggregates_of_the_module_that_is_named(monkeypatch):
    monkeypatch.setenv("AGGREGATES", "tests.support.renamed")
    names = [aggregate.name for aggregate in compose(settings()).aggregates]
    assert names == ["first"]

"""Where the scenarios run, and the steps that mean the same for every aggregate."""

from collections.abc import Iterator

import pytest
from pytest_bdd import parsers, then

from domain.exceptions import DomainError
from tests.support.backends import THING, Backend, Facade, MemoryBackend, sql_backend
from tests.support.fixtures import make_system
from tests.support.system import System
from tests.support.wire import Wire, WireWithoutServers, WireWithServers
from tests.support.world import World
from worker.component import Aggregate

__all__ = ["make_system"]


@pytest.fixture
def kind() -> Aggregate:
    """Which aggregate the scenarios are about: a test file may say another one."""
    return THING


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, kind: Aggregate) -> Iterator[Backend]:
    if request.param == "memory":
        yield MemoryBackend(kind)
        return
    with sql_backend(request.getfixturevalue(request.param), kind) as backend:
        yield backend


@pytest.fixture
def world(backend: Backend) -> World:
    return World(Facade(backend))


@pytest.fixture
def aggregates() -> str:
    """Which module lists the aggregates that `wire` leads to: a test file may say another one."""
    return "tests.sample.things"


@pytest.fixture(params=["sqlite", "postgresql"])
def wire(request: pytest.FixtureRequest, aggregates: str) -> Wire:
    """Send commands: on SQLite in this process, on PostgreSQL by a broker to real processes."""
    value = request.getfixturevalue
    if request.param == "sqlite":
        return WireWithoutServers(value("sqlite"), aggregates)
    system: System = value("make_system")(value("migrated_postgresql_url"), AGGREGATES=aggregates)
    system.start("run")
    return WireWithServers(system)


@then(parsers.parse('the outcome is "{name}"'))
def the_outcome_is(world: World, name: str) -> None:
    assert type(world.outcomes[-1]).__name__ == name


@then(parsers.parse('the command is refused with "{code}"'))
@then(parsers.parse('the query is refused with "{code}"'))
def it_is_refused(world: World, code: str) -> None:
    assert isinstance(world.error, DomainError)
    assert world.error.code == code


@then(parsers.re(r"the reason names the \w+( \w+)*"))
def the_reason_names_it(world: World) -> None:
    assert str(world.id) in str(world.error)

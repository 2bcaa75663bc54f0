"""The scenarios of entities, on memory and on both databases."""

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from domain.entity.commands import Create, UpdateValue
from domain.entity.queries import EntityView
from tests.support.backends import aggregate_named
from tests.support.world import World
from worker.component import Aggregate

# The steps ask for the backend themselves, which is too late for its parameters.
pytestmark = pytest.mark.usefixtures("backend")

scenarios("entity.feature")


@pytest.fixture
def kind() -> Aggregate:
    return aggregate_named("entity")


@given("an entity")
@when("an entity is created")
@when("the entity is created again")
def it_is_created(world: World) -> None:
    world.handle(Create(entity_id=world.id))


@when("an entity is created without naming an id")
def it_is_created_without_an_id(world: World) -> None:
    world.handle(Create())


@when(parsers.parse('its value is updated to "{value}"'))
def its_value_is_updated(world: World, value: str) -> None:
    world.handle(UpdateValue(entity_id=world.id, value=value))


@then("the outcome names an entity that can be found")
def the_outcome_names_it(world: World) -> None:
    entity_id = world.outcomes[-1].entity_id
    assert world.facade.queries.get(entity_id) == EntityView(entity_id, None, 1)


@then(parsers.parse('the outcome has the value "{value}"'))
def the_outcome_has_the_value(world: World, value: str) -> None:
    assert world.outcomes[-1].value == value


@then("the entity has no value")
def it_has_no_value(world: World) -> None:
    assert world.view().value is None


@then(parsers.parse('the entity has the value "{value}"'))
def it_has_the_value(world: World, value: str) -> None:
    assert world.view().value == value


@then(parsers.parse("the entity has version {version:d}"))
def it_has_the_version(world: World, version: int) -> None:
    assert world.view().version == version

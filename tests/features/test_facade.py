"""The scenarios on the facade, the same ones on memory and on both databases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from domain.exceptions import DomainError
from domain.messages import Command, Event
from tests.sample.thing import Create, UpdateValue
from tests.support.world import World

# The steps ask for the backend themselves, which is too late for its parameters.
pytestmark = pytest.mark.usefixtures("backend")

scenarios("changing.feature", "refusing.feature", "listening.feature")


@dataclass(frozen=True, kw_only=True)
class Unheard(Command):
    """A command that no handler knows."""


class Ear:
    """A listener that remembers."""

    def __init__(self, on_event: Callable[[Event], object] = lambda event: None) -> None:
        self.events: list[Event] = []
        self.seen: list[object] = []
        self._on_event = on_event

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.seen.append(self._on_event(event))

    @property
    def heard(self) -> str:
        return ", ".join(type(event).__name__ for event in self.events)


@given("a thing")
@when("a thing is created")
def a_thing(world: World) -> None:
    world.handle(Create(thing_id=world.id))


@given(parsers.parse('a thing with the value "{value}"'))
def a_thing_with_a_value(world: World, value: str) -> None:
    world.handle(Create(thing_id=world.id))
    world.handle(UpdateValue(thing_id=world.id, value=value))


@given(parsers.parse('another thing with the value "{value}"'))
def another_thing(world: World, value: str) -> None:
    world.handle(Create(thing_id=world.other_id))
    world.handle(UpdateValue(thing_id=world.other_id, value=value))


@given("a listener", target_fixture="ear")
def a_listener(world: World) -> Ear:
    ear = Ear()
    world.facade.commands.register(ear)
    return ear


@given("another listener", target_fixture="other_ear")
def another_listener(world: World) -> Ear:
    ear = Ear()
    world.facade.commands.register(ear)
    return ear


@given("a listener that looks at the thing when it hears of an event", target_fixture="ear")
def a_curious_listener(world: World) -> Ear:
    ear = Ear(lambda event: world.facade.repository.find(world.id).dto.version)
    world.facade.commands.register(ear)
    return ear


@given("the listener registers once more")
def the_listener_registers_again(world: World, ear: Ear) -> None:
    world.facade.commands.register(ear)


@when("the listener unregisters")
def the_listener_unregisters(world: World, ear: Ear) -> None:
    world.facade.commands.unregister(ear)


@when("the thing is created again")
def the_thing_is_created_again(world: World) -> None:
    world.handle(Create(thing_id=world.id))


@when(parsers.re(r'its value is updated to "(?P<value>.*)"'))
def its_value_is_updated(world: World, value: str) -> None:
    world.handle(UpdateValue(thing_id=world.id, value=value))


@when("the value of an unknown thing is updated")
def an_unknown_thing_is_updated(world: World) -> None:
    world.handle(UpdateValue(thing_id=world.id, value="blue"))


@when("an unknown thing is asked for")
def an_unknown_thing_is_asked_for(world: World) -> None:
    with pytest.raises(DomainError) as refusal:
        world.view()
    world.error = refusal.value


@when("a command of an unknown class is handled")
def an_unknown_command(world: World) -> None:
    world.handle(Unheard())


@then(parsers.re(r'the thing has the value "(?P<value>.*)"'))
def the_thing_has_the_value(world: World, value: str) -> None:
    assert world.view().value == value


@then(parsers.parse("the thing has version {version:d}"))
def the_thing_has_version(world: World, version: int) -> None:
    assert world.view().version == version


@then(parsers.parse('the other thing has the value "{value}"'))
def the_other_thing_has_the_value(world: World, value: str) -> None:
    assert world.facade.queries.get(world.other_id).value == value


@then(parsers.parse("the other thing has version {version:d}"))
def the_other_thing_has_version(world: World, version: int) -> None:
    assert world.facade.queries.get(world.other_id).version == version


@then("the outcome carries the id of the last command")
def the_outcome_carries_the_command_id(world: World) -> None:
    assert world.outcomes[-1].command_id == world.commands[-1].command_id


@then("no two outcomes have the same id")
def the_outcomes_have_their_own_ids(world: World) -> None:
    ids = [outcome.event_id for outcome in world.outcomes]
    assert len(ids) == len(set(ids)) == 3


@then("the time of the outcome is in UTC")
def the_time_is_in_utc(world: World) -> None:
    assert world.outcomes[-1].timestamp.utcoffset() == timedelta(0)


@then("there is no such thing")
def there_is_no_such_thing(world: World) -> None:
    with pytest.raises(DomainError, match="There is no thing"):
        world.view()


@then(parsers.parse('the handler says that it has no handler for "{name}"'))
def no_handler(world: World, name: str) -> None:
    assert isinstance(world.error, TypeError)
    assert str(world.error) == f"no command handler for {name}"


@then(parsers.parse('the listener has heard of "{names}"'))
def the_listener_has_heard(ear: Ear, names: str) -> None:
    assert ear.heard == names


@then("the listener has heard of nothing")
def the_listener_has_heard_nothing(ear: Ear) -> None:
    assert ear.events == []


@then(parsers.parse('the other listener has heard of "{names}"'))
def the_other_listener_has_heard(other_ear: Ear, names: str) -> None:
    assert other_ear.heard == names


@then("what the listener heard last is the outcome")
def the_listener_heard_the_outcome(world: World, ear: Ear) -> None:
    assert ear.events[-1] is world.outcomes[-1]


@then(parsers.parse('the listener has seen the versions "{versions}"'))
def the_listener_has_seen(ear: Ear, versions: str) -> None:
    assert ", ".join(map(str, ear.seen)) == versions

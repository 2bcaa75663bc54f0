"""What an author forgets in an aggregate's entry or in its domain, told when a process starts."""

from collections.abc import Iterable
from types import ModuleType

from domain.handling import names_of_aggregate, own_events
from domain.messages import Command, Event
from schemas.catalogue import Catalogue
from schemas.exceptions import CatalogueError
from worker.component import Aggregate


def check_entry(aggregate: Aggregate, catalogue: Catalogue) -> None:
    """Raise `CatalogueError` where parts of the aggregate are missing or do not fit each other."""
    commands, events = commands_of(aggregate.commands), aggregate.handler.events
    catalogue.require(commands)
    catalogue.require(events)
    for command in commands - aggregate.handler.commands():
        raise CatalogueError(f"{name_of(command)} has no handler")
    _check_keys(aggregate, commands)
    for event in events:
        _check_event(aggregate, event)
    _check_own_events(aggregate)


def check_owner(aggregate: Aggregate, command: type[Command]) -> None:
    """Raise `CatalogueError` where the handler executes what is not the aggregate's."""
    if command not in commands_of(aggregate.commands):
        raise CatalogueError(
            f"{name_of(aggregate.handler)} handles {name_of(command)}, which is none of the"
            f" commands in {aggregate.commands.__name__}"
        )


def _check_keys(aggregate: Aggregate, commands: Iterable[type[Command]]) -> None:
    key, *others = *aggregate.keys, *aggregate.others
    for command in commands:
        if key not in command.__dataclass_fields__:
            raise CatalogueError(f"{name_of(command)} has no field {key!r}, its aggregate's key")
    for other in others:
        if not any(other in command.__dataclass_fields__ for command in commands):
            raise CatalogueError(
                f"{aggregate.name} names a key {other!r}, which is a field of none of its commands"
            )


def _check_event(aggregate: Aggregate, event: type[Event]) -> None:
    """Raise `CatalogueError` unless the facade can make the event of an aggregate's own."""
    for own in own_events(event):
        names = names_of_aggregate(event, own)
        if len(names) == 1:
            return
        raise CatalogueError(
            f"{name_of(event)} must have one field more than {own.__qualname__},"
            f" the id of its {aggregate.name}, and has {names or 'none'}"
        )
    raise CatalogueError(
        f"{name_of(event)} extends none of the events of {aggregate.aggregate.__qualname__}"
    )


def _check_own_events(aggregate: Aggregate) -> None:
    """Raise `CatalogueError` unless each class that extends the aggregate's `Event` has one event.

    A class that others extend is what these have in common.
    """
    base = getattr(aggregate.aggregate, "Event", None)
    nested = [member for member in vars(aggregate.aggregate).values() if isinstance(member, type)]
    happen = [member for member in nested if base in member.__mro__[1:]]
    published = [own for event in aggregate.handler.events for own in own_events(event)]
    for own in happen:
        is_common = any(own in other.__mro__[1:] for other in happen)
        if published.count(own) != 1 and not is_common:
            number = "no class extends" if own not in published else "two classes extend"
            raise CatalogueError(
                f"in the events of {name_of(aggregate.handler)}, {number} {name_of(own)}"
            )


def name_of(named: type) -> str:
    return f"{named.__module__}.{named.__qualname__}"


def commands_of(module: ModuleType) -> set[type[Command]]:
    """Return the command classes that the module defines."""
    return {
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Command)
        and value.__module__ == module.__name__
    }

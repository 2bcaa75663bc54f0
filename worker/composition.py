"""Puts the parts together, and refuses what does not fit. Nothing that it composes imports it."""

import os
from collections.abc import Iterable
from importlib import import_module
from itertools import chain
from types import ModuleType

import schemas.outcomes
from domain.handling import names_of_aggregate, own_events
from domain.messages import Command, Event
from schemas.catalogue import Catalogue
from schemas.codec import Codec
from schemas.exceptions import CatalogueError
from worker.component import Aggregate, Component
from worker.settings import Settings


def compose(settings: Settings, aggregates: Iterable[Aggregate] | None = None) -> Component:
    """Return the component; raise `CatalogueError` or `MappingError` where parts do not fit.

    `aggregates`: instead of those that the environment names.
    """
    given = tuple(aggregates_of_environment() if aggregates is None else aggregates)
    component = Component(settings, given, Codec(catalogue(given)))
    component.handlers(component.unit_of_work())  # what is wrong with a mapping is said here
    return component


def aggregates_of_environment() -> tuple[Aggregate, ...]:
    """Return the aggregates of the module that `AGGREGATES` names; a test may name another."""
    module = import_module(os.environ.get("AGGREGATES", "worker.aggregates"))
    aggregates: tuple[Aggregate, ...] = module.AGGREGATES
    return aggregates


def catalogue(aggregates: Iterable[Aggregate]) -> Catalogue:
    """Return the catalogue of all messages; raise `CatalogueError` where the parts do not fit."""
    aggregates = tuple(aggregates)
    result = Catalogue(chain(schemas.outcomes.SCHEMAS, *(a.schemas for a in aggregates)))
    owners: dict[type[Command], Aggregate] = {}
    names = [aggregate.name for aggregate in aggregates]
    for aggregate in aggregates:
        if names.count(aggregate.name) > 1:
            raise CatalogueError(f"two aggregates are named {aggregate.name}")
        _require_parts(aggregate, result)
        for kind in set(aggregate.others.values()) - set(names):
            raise CatalogueError(f"{aggregate.name} names another kind, {kind}, that there is not")
        for command in aggregate.handler.commands():
            if owners.setdefault(command, aggregate) is not aggregate:
                raise CatalogueError(f"{command.__qualname__} has two handlers")
    return result


def _require_parts(aggregate: Aggregate, catalogue: Catalogue) -> None:
    """Raise `CatalogueError` where a message has no schema, handler or key."""
    commands, events = _commands(aggregate.commands), aggregate.handler.events
    catalogue.require(commands)
    catalogue.require(events)
    for command in commands - aggregate.handler.commands():
        raise CatalogueError(f"{_name(command)} has no handler")
    for command in commands:
        if aggregate.keys[0] not in command.__dataclass_fields__:
            raise CatalogueError(
                f"{_name(command)} has no field {aggregate.keys[0]!r}, its aggregate's key"
            )
    for event in events:
        _require_event(aggregate, event)


def _require_event(aggregate: Aggregate, event: type[Event]) -> None:
    """Raise `CatalogueError` unless the facade can make the event of an aggregate's own."""
    for own in own_events(event):
        names = names_of_aggregate(event, own)
        if len(names) == 1:
            return
        raise CatalogueError(
            f"{_name(event)} must have one field more than {own.__qualname__},"
            f" the id of its {aggregate.name}, and has {names or 'none'}"
        )
    raise CatalogueError(
        f"{_name(event)} extends none of the events of {aggregate.aggregate.__qualname__}"
    )


def _name(message: type) -> str:
    return f"{message.__module__}.{message.__qualname__}"


def _commands(module: ModuleType) -> set[type[Command]]:
    """Return the command classes that the module defines."""
    return {
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Command)
        and value.__module__ == module.__name__
    }

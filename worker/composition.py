"""Puts the parts together, and refuses what does not fit. Nothing that it composes imports it."""

import os
from collections.abc import Iterable
from importlib import import_module
from itertools import chain

import schemas.outcomes
from domain.messages import Command
from persistence.mapping_checks import check_view
from schemas.catalogue import Catalogue
from schemas.codec import Codec
from schemas.exceptions import CatalogueError
from worker.component import Aggregate, Component
from worker.entry_checks import check_entry, check_owner
from worker.exceptions import SettingsError
from worker.senders import check_senders
from worker.settings import Settings


def compose(settings: Settings, aggregates: Iterable[Aggregate] | None = None) -> Component:
    """Return the component; raise `CatalogueError` or `MappingError` where parts do not fit.

    `aggregates`: instead of those that the environment names.
    """
    given = tuple(aggregates_of_environment() if aggregates is None else aggregates)
    component = Component(settings, given, Codec(catalogue(given)))
    check_senders(settings.allowed_senders, component.codec.command_types())
    component.handlers(component.unit_of_work())  # what is wrong with a mapping is said here
    for aggregate in given:
        check_view(aggregate.view, aggregate.mapping)
    return component


def aggregates_of_environment() -> tuple[Aggregate, ...]:
    """Return the aggregates of the module that `AGGREGATES` names; a test may name another."""
    name = os.environ.get("AGGREGATES", "worker.aggregates")
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise  # a module that this one imports
        raise SettingsError(f"AGGREGATES: there is no module {name}.") from error
    aggregates: tuple[Aggregate, ...] | None = getattr(module, "AGGREGATES", None)
    if aggregates is None:
        raise SettingsError(f"AGGREGATES: the module {name} has no AGGREGATES.")
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
        check_entry(aggregate, result)
        for kind in set(aggregate.others.values()) - set(names):
            raise CatalogueError(f"{aggregate.name} names another kind, {kind}, that there is not")
        for command in aggregate.handler.commands():
            if owners.setdefault(command, aggregate) is not aggregate:
                raise CatalogueError(f"{command.__qualname__} has two handlers")
            check_owner(aggregate, command)
    return result

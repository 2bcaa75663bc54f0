"""The facade of entities: what each command does."""

from collections.abc import Callable
from functools import singledispatchmethod
from inspect import getattr_static

from domain.entity.commands import Create, EntityID, UpdateValue
from domain.entity.entity import Entity
from domain.entity.exceptions import EntityAlreadyExists, EntityNotFound
from domain.entity.repository import Repository
from domain.messages import Command, Event

Listener = Callable[[Event], None]


class CommandHandler:
    """The facade for changes: every command goes through `handle`, dispatched by its class.

    Listeners hear of an event once it is saved, in the transaction that saved it.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._listeners: list[Listener] = []
        self._dispatch = self._execute  # bound once: that costs more than most commands

    def register(self, listener: Listener) -> None:
        if listener not in self._listeners:
            self._listeners.append(listener)

    def unregister(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def handle(self, command: Command) -> list[Event]:
        """Apply the command and return its events, at least one; the first is the outcome.

        Raises `DomainError` where the domain refuses; nothing is saved then.
        """
        entity, events = self._dispatch(command)
        self._repository.save(entity, events)
        for event in events:
            for listener in self._listeners:
                listener(event)
        return events

    @classmethod
    def commands(cls) -> set[type[Command]]:
        """Return the command classes that `handle` knows."""
        registry = getattr_static(cls, "_execute").dispatcher.registry
        return {command for command in registry if command is not object}

    @singledispatchmethod
    def _execute(self, command: Command) -> tuple[Entity, list[Event]]:
        raise TypeError(f"no command handler for {type(command).__name__}")

    @_execute.register
    def _create(self, command: Create) -> tuple[Entity, list[Event]]:
        if self._repository.find(command.entity_id):
            raise EntityAlreadyExists(command.entity_id)
        entity, created = Entity.create(command)
        return entity, [created]

    @_execute.register
    def _update_value(self, command: UpdateValue) -> tuple[Entity, list[Event]]:
        entity = self._get(command.entity_id)
        return entity, [entity.update(command)]

    def _get(self, entity_id: EntityID) -> Entity:
        entity = self._repository.find(entity_id)
        if entity is None:
            raise EntityNotFound(entity_id)
        return entity

"""The facades and their ports, once for all aggregates: commands go in, events come out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from inspect import getmembers
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from domain.exceptions import AlreadyExists, NotFound
from domain.messages import Command, Event

Listener = Callable[[Event], None]


class Aggregate(Protocol):
    """What the facade has to know of an aggregate."""

    @property
    def id(self) -> UUID: ...


A = TypeVar("A", bound=Aggregate)
V = TypeVar("V")


class Repository(ABC, Generic[A]):
    """Keeps aggregates and, in the same transaction, the events that changed them.

    `name` is what people and subscribers call such an aggregate.
    """

    name: str

    @abstractmethod
    def find(self, aggregate_id: UUID) -> A | None:
        """Return the aggregate as this transaction sees it, or None."""

    @abstractmethod
    def save(self, aggregate: A, events: Sequence[Event]) -> None:
        """Store the aggregate and its new events, and raise its version by one an event."""

    @abstractmethod
    def remove(self, aggregate: A, events: Sequence[Event]) -> None:
        """Delete the aggregate; these events are its last."""

    def get(self, aggregate_id: UUID) -> A:
        """Return the aggregate or raise `NotFound`."""
        aggregate = self.find(aggregate_id)
        if aggregate is None:
            raise NotFound(self.name, aggregate_id)
        return aggregate

    def require_new(self, aggregate_id: UUID) -> None:
        """Raise `AlreadyExists` where there is such an aggregate."""
        if self.find(aggregate_id) is not None:
            raise AlreadyExists(self.name, aggregate_id)


@dataclass(frozen=True, slots=True)
class Change:
    """What a command did to one aggregate: `happened` holds the aggregate's own events."""

    keep: Callable[[Any, Sequence[Event]], None]
    aggregate: Aggregate
    happened: tuple[object, ...]


Execute = Callable[[Any, Any], Change | Iterable[Change]]
E = TypeVar("E", bound=Execute)


def handles(command: type[Command]) -> Callable[[E], E]:
    """Mark the method of a `CommandHandler` that executes commands of this class."""

    def mark(method: E) -> E:
        method.handles = command  # type: ignore[attr-defined]  # a mark that functions may carry
        return method

    return mark


class CommandHandler(Generic[A]):
    """The facade for changes: every command goes through `handle`, dispatched by its class.

    Of the events that aggregates return it makes those that the component publishes: the class in
    `events` that extends the class of the aggregate's event. Listeners hear of an event once it is
    saved, in the transaction that saved it.
    """

    events: ClassVar[tuple[type[Event], ...]] = ()
    _methods: ClassVar[dict[type[Command], Execute]] = {}
    _public: ClassVar[dict[type, tuple[type[Event], str]]] = {}

    def __init_subclass__(cls) -> None:
        methods = getmembers(cls, lambda member: hasattr(member, "handles"))
        cls._methods = {method.handles: method for _, method in methods}
        cls._public = {
            own: (event, next(iter(names_of_aggregate(event, own)), ""))
            for event in cls.events
            for own in own_events(event)
        }

    def __init__(self, repository: Repository[A]) -> None:
        self.repository = repository
        self._listeners: list[Listener] = []

    def register(self, listener: Listener) -> None:
        if listener not in self._listeners:
            self._listeners.append(listener)

    def unregister(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def handle(self, command: Command) -> list[Event]:
        """Apply the command and return its events, at least one; the first is the outcome.

        Raises `DomainError` where the domain rejects the command; nothing is saved then.
        """
        method = self._methods.get(type(command))
        if method is None:
            raise TypeError(f"no command handler for {type(command).__name__}")
        changes = method(self, command)
        if isinstance(changes, Change):
            events = self._keep(changes, command)
        else:
            events = [event for change in changes for event in self._keep(change, command)]
        if not events:
            raise TypeError(
                f"{type(self).__qualname__}.{method.__name__} returned no event:"
                " a command that is applied has at least one, its outcome"
            )
        for event in events if self._listeners else ():
            for listener in self._listeners:
                listener(event)
        return events

    @classmethod
    def commands(cls) -> set[type[Command]]:
        """Return the command classes that `handle` knows."""
        return set(cls._methods)

    def saved(
        self, aggregate: Any, *happened: object, repository: Repository[Any] | None = None
    ) -> Change:
        """Say that the aggregate is to be stored; `repository`: of an aggregate of another kind."""
        return Change((repository or self.repository).save, aggregate, happened)

    def removed(
        self, aggregate: Any, *happened: object, repository: Repository[Any] | None = None
    ) -> Change:
        """Say that the aggregate is to be deleted."""
        return Change((repository or self.repository).remove, aggregate, happened)

    def _keep(self, change: Change, command: Command) -> list[Event]:
        aggregate = change.aggregate
        events = [self._published(own, aggregate.id, command) for own in change.happened]
        change.keep(aggregate, events)
        return events

    def _published(self, own: object, aggregate_id: UUID, command: Command) -> Event:
        """Return the component's event for an aggregate's own."""
        try:
            event, name = self._public[type(own)]
        except KeyError:
            raise TypeError(
                f"{type(self).__qualname__}.events has no class that extends"
                f" {type(own).__qualname__}"
            ) from None
        given: dict[str, Any] = {name: aggregate_id, **vars(own)}
        return event(command_id=command.command_id, **given)


def own_events(event: type[Event]) -> list[type]:
    """Return the class of the aggregate's event that a component's event extends, if any."""
    bases = (base for base in event.__mro__ if not issubclass(base, Event) and is_dataclass(base))
    return list(bases)[:1]


def names_of_aggregate(event: type[Event], own: type) -> list[str]:
    """Return the fields that neither `own` nor every event has: one, the aggregate's id."""
    known = {f.name for base in (own, Event) for f in fields(base)}
    return [f.name for f in fields(event) if f.name not in known]


class Views(ABC, Generic[V]):
    """Read access to aggregates of one kind, possibly from another database than the commands'."""

    name: str

    @abstractmethod
    def find(self, aggregate_id: UUID) -> V | None:
        """Return the committed state of the aggregate, or None."""

    @abstractmethod
    def list(self, *, after: UUID | None = None, limit: int = 100, **equal: Any) -> Sequence[V]:
        """Return at most so many whose fields equal these, in the order of their ids.

        `after`: the id of the last one of the page before.
        """


class QueryHandler(Generic[V]):
    """The facade for reads: it changes nothing."""

    def __init__(self, views: Views[V]) -> None:
        self.views = views

    def get(self, aggregate_id: UUID) -> V:
        """Return the view or raise `NotFound`."""
        view = self.views.find(aggregate_id)
        if view is None:
            raise NotFound(self.views.name, aggregate_id)
        return view

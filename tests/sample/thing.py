"""A thing with a value: the least that an aggregate can be. Standard library only."""

from dataclasses import dataclass, field
from typing import NewType
from uuid import UUID, uuid4

from domain.handling import Change, handles
from domain.handling import CommandHandler as Base
from domain.messages import Command, Event

ThingID = NewType("ThingID", UUID)


def new_thing_id() -> ThingID:
    return ThingID(uuid4())


@dataclass(frozen=True, kw_only=True)
class Create(Command):
    """Begin a thing. A sender may pick its id."""

    thing_id: ThingID = field(default_factory=new_thing_id)


@dataclass(frozen=True, kw_only=True)
class UpdateValue(Command):
    """Give the thing another value."""

    thing_id: ThingID
    value: str


@dataclass(eq=False)
class ThingDTO:
    """The state of a `Thing`."""

    id: ThingID
    value: str | None = None
    version: int = 0


class Thing:
    """The aggregate."""

    class Event:
        """Something that happened to a thing."""

    @dataclass(frozen=True, kw_only=True)
    class Created(Event):
        """It has begun; it has no value yet."""

    @dataclass(frozen=True, kw_only=True)
    class Updated(Event):
        """It has another value now."""

        value: str

    def __init__(self, dto: ThingDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> ThingID:
        return self.dto.id

    @classmethod
    def create(cls, thing_id: ThingID) -> tuple["Thing", Created]:
        return cls(ThingDTO(thing_id)), cls.Created()

    def update(self, value: str) -> Updated:
        self.dto.value = value
        return self.Updated(value=value)


@dataclass(frozen=True, kw_only=True)
class ThingEvent(Event):
    thing_id: ThingID


@dataclass(frozen=True, kw_only=True)
class Created(ThingEvent, Thing.Created): ...


@dataclass(frozen=True, kw_only=True)
class Updated(ThingEvent, Thing.Updated): ...


@dataclass(frozen=True)
class ThingView:
    """What readers may see of a thing."""

    id: ThingID
    value: str | None
    version: int


class CommandHandler(Base[Thing]):
    """The facade for changes of things."""

    events = (Created, Updated)

    @handles(Create)
    def create(self, command: Create) -> Change:
        self.repository.require_new(command.thing_id)
        return self.saved(*Thing.create(command.thing_id))

    @handles(UpdateValue)
    def update_value(self, command: UpdateValue) -> Change:
        thing = self.repository.get(command.thing_id)
        return self.saved(thing, thing.update(command.value))

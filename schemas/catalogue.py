"""All messages of the component by name and by class, and whether they fit together."""

from bisect import insort
from collections.abc import Iterable
from operator import attrgetter

from domain.messages import Command, Event
from schemas.checks import check_message
from schemas.exceptions import CatalogueError
from schemas.message import CommandSchema, EventSchema
from schemas.upcasting import upcasters

MessageClass = type[Command | Event]


class Catalogue:
    """Which public name and version belongs to which class."""

    def __init__(self, schemas: Iterable[type[CommandSchema | EventSchema]]) -> None:
        self.commands: dict[tuple[str, int], CommandSchema] = {}
        self.events: dict[MessageClass, list[EventSchema]] = {}  # the oldest version first
        # Of a message with several versions, the newest.
        self.by_class: dict[MessageClass, CommandSchema | EventSchema] = {}
        every = [schema_class() for schema_class in schemas]
        names: set[tuple[str, int]] = set()
        for schema in every:
            self._add(schema, names)
        for schema in every:
            newest = self.by_class[schema.message]
            check_message(schema, is_newest=schema.version >= newest.version)
        self.upcasters = upcasters(self.commands)

    def _add(self, schema: CommandSchema | EventSchema, names: set[tuple[str, int]]) -> None:
        name = (schema.type, schema.version)
        if name in names:
            raise CatalogueError(f"two schemas are named {schema.type} version {schema.version}")
        names.add(name)
        known = self.by_class.get(schema.message)
        if isinstance(schema, CommandSchema):
            self.commands[name] = schema
        elif known is not None and known.type != schema.type:
            raise CatalogueError(
                f"{_name(type(known))} and {_name(type(schema))} are both schemas of the event"
                f" {_name(schema.message)}, which can be published under one name only"
            )
        else:
            shapes = self.events.setdefault(schema.message, [])
            insort(shapes, schema, key=attrgetter("version"))
        if known is None or schema.version >= known.version:
            self.by_class[schema.message] = schema

    def require(self, messages: Iterable[MessageClass]) -> None:
        """Refuse a command or an event that has no schema."""
        for message in messages:
            if message not in self.by_class:
                raise CatalogueError(f"{_name(message)} has no schema")


def _name(named: type) -> str:
    return f"{named.__module__}.{named.__qualname__}"

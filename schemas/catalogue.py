"""All messages of the component by name and by class, and whether they fit together."""

from collections.abc import Iterable

from domain.messages import Command, Event
from schemas.exceptions import CatalogueError
from schemas.message import CommandSchema, EventSchema


class Catalogue:
    """All messages of the component: which public name and version belongs to which class."""

    def __init__(self, schemas: Iterable[type[CommandSchema | EventSchema]]) -> None:
        self.commands: dict[tuple[str, int], CommandSchema] = {}
        self.by_class: dict[type[Command | Event], CommandSchema | EventSchema] = {}
        names: set[tuple[str, int]] = set()
        for schema in (schema_class() for schema_class in schemas):
            name = (schema.type, schema.version)
            if name in names:
                raise CatalogueError(
                    f"two schemas are named {schema.type} version {schema.version}"
                )
            names.add(name)
            if isinstance(schema, CommandSchema):
                self.commands[name] = schema
            self.by_class[schema.message] = schema

    def require(self, messages: Iterable[type[Command | Event]]) -> None:
        """Refuse a command or an event that has no schema."""
        for message in messages:
            if message not in self.by_class:
                raise CatalogueError(f"{message.__module__}.{message.__qualname__} has no schema")

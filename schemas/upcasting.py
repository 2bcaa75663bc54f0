"""From the content of an earlier version of a command to that of today's."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from schemas.exceptions import CatalogueError, NotUpcast
from schemas.message import CommandSchema, Upcast

Name = tuple[str, int]  # the type and its version

# Whatever an upcaster does, a command stays the one that its sender named.
_KEPT = ("command_id", "timestamp")


class Upcaster:
    """Reads an earlier version of a command by the schema of the version that it becomes."""

    def __init__(self, steps: list[Upcast], target: CommandSchema) -> None:
        self._steps = steps
        self._target = target

    def read(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of the command; `content` is what its own schema has let through.

        Raises `NotUpcast`, or what an author's upcaster raises: the sender has done nothing wrong.
        """
        kept = {name: content[name] for name in _KEPT if name in content}
        for step in self._steps:
            content = {**step(dict(content)), **kept}
        try:
            return self._target.read(self._target.normal(content))
        except ValidationError as error:
            raise NotUpcast(
                f"what the upcasters of an earlier {self._target.type} make does not fit version"
                f" {self._target.version}: {error.messages_dict}"
            ) from None


def upcasters(commands: Mapping[Name, CommandSchema]) -> dict[Name, Upcaster]:
    """Return the way from each version that has one to the version that makes the command.

    Raises `CatalogueError` where a next version has no schema.
    """
    return {
        name: _upcaster(schema, commands)
        for name, schema in commands.items()
        if type(schema).upcast
    }


def _upcaster(schema: CommandSchema, commands: Mapping[Name, CommandSchema]) -> Upcaster:
    steps: list[Upcast] = []
    while step := type(schema).upcast:
        steps.append(step)
        following = commands.get((schema.type, schema.version + 1))
        if following is None:
            raise CatalogueError(
                f"{schema.type} version {schema.version} has an upcaster to version"
                f" {schema.version + 1}, of which there is no schema"
            )
        schema = following
    return Upcaster(steps, schema)

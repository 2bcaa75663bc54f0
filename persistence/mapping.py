"""Which table keeps which DTO; what an aggregate declares of its persistence."""

from collections.abc import Mapping as Attributes
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Table, inspect
from sqlalchemy.orm import registry


@dataclass(frozen=True)
class Mapping:
    """A DTO class, mapped imperatively. `properties`: as `map_imperatively` takes them.

    `parts`: of the DTOs behind its relationships.
    """

    dto: type[Any]
    table: Table
    properties: Attributes[str, Any] = field(default_factory=dict)
    parts: tuple["Mapping", ...] = ()

    def apply(self) -> None:
        """Map the class; a second call changes nothing."""
        for part in self.parts:
            part.apply()
        if inspect(self.dto, raiseerr=False) is None:
            mapper = registry(metadata=self.table.metadata)
            mapper.map_imperatively(self.dto, self.table, properties=dict(self.properties))

    def column(self, attribute: str) -> Column[Any]:
        """Return the column that the attribute is kept in."""
        self.apply()
        column: Column[Any] = inspect(self.dto).column_attrs[attribute].columns[0]
        return column

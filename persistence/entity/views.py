"""How entities are read by those who only ask."""

from sqlalchemy import select

from domain.entity.commands import EntityID
from domain.entity.queries import EntityView, Views
from persistence.database import Database
from persistence.entity.table import entities
from persistence.translation import driver_errors


class SQLViews(Views):
    """Entities as committed, read without the ORM."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, entity_id: EntityID) -> EntityView | None:
        query = select(entities).where(entities.c.id == entity_id)
        with driver_errors(), self._database.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else EntityView(row.id, row.value, row.version)

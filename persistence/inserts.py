"""New rows of one table, gathered over a batch."""

from typing import Any

from sqlalchemy import Table, delete
from sqlalchemy.orm import Session

from persistence.bulk import insert_rows
from persistence.translation import driver_errors


class Inserts:
    """New rows of one table, gathered over a batch and written together."""

    def __init__(self, session: Session, table: Table, component: str) -> None:
        """`component`: whose rows these are, as several may share the table."""
        self._session = session
        self._table = table
        self._component = component
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def remove(self, row_id: int) -> bool:
        """Delete a row that another transaction has written; return whether it was there."""
        columns = self._table.c
        own = delete(self._table).where(columns.component == self._component)
        with driver_errors():
            removed = self._session.execute(own.where(columns.id == row_id).returning(columns.id))
            return removed.one_or_none() is not None

    def write(self) -> None:
        if self._rows:
            insert_rows(self._session, self._table, self._rows)

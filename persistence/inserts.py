from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from persistence.bulk import insert_rows


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

    def write(self) -> None:
        if self._rows:
            insert_rows(self._session, self._table, self._rows)

from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session


class Inserts:
    """New rows of one table, gathered over a batch and written together."""

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._table = table
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def write(self) -> None:
        if self._rows:
            self._session.execute(self._table.insert(), self._rows)

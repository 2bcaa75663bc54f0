from datetime import datetime

from sqlalchemy import JSON, Column, Index, LargeBinary, Table, Text
from sqlalchemy.orm import Session

from persistence.database import SerialKey, Timestamp, metadata
from persistence.inserts import Inserts
from persistence.messages import StoredCommand

retries = Table(
    "retries",
    metadata,
    Column("id", SerialKey, primary_key=True),
    Column("component", Text, nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("properties", JSON, nullable=False),
    Index(None, "component", "due_at"),
    sqlite_autoincrement=True,
)


class Retries(Inserts):
    """Commands to send to the queue again, each when it is due."""

    def __init__(self, session: Session, component: str) -> None:
        super().__init__(session, retries, component)

    def add(self, command: StoredCommand, due_at: datetime) -> None:
        self._rows.append(
            {
                "component": self._component,
                "due_at": due_at,
                "body": command.body,
                "properties": command.properties,
            }
        )

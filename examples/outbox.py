"""Commands that wait to be sent, in the sender's own database: put there in its own transaction."""

import json
import sqlite3
from typing import Any
from uuid import uuid4


class Outbox:
    """What was put and committed is sent at least once, and applied once: its id stays the same."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE IF NOT EXISTS outbox (command_id, type, body)")

    def put(self, type: str, content: dict[str, Any]) -> None:
        """Add a command; the caller commits it, together with whatever is the cause of it."""
        command_id = str(uuid4())
        body = json.dumps({"command_id": command_id, **content})
        self._database.execute("INSERT INTO outbox VALUES (?, ?, ?)", (command_id, type, body))

    def waiting(self) -> list[tuple[str, str, str]]:
        """Return id, type and body of what is to be sent, the oldest first."""
        return self._database.execute("SELECT * FROM outbox ORDER BY rowid").fetchall()

    def confirmed(self, command_id: str) -> None:
        """Forget what the broker has."""
        with self._database as database:
            database.execute("DELETE FROM outbox WHERE command_id = ?", (command_id,))


def filled(path: str, number: int) -> Outbox:
    """Return an outbox with so many commands more."""
    database = sqlite3.connect(path)
    outbox = Outbox(database)
    with database:
        for _ in range(number):
            outbox.put("entity.Create", {"entity_id": str(uuid4())})
    return outbox

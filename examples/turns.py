"""Which event of a subscriber has its turn: each once, an aggregate's in the order of versions.

What is known is in a database: in your program the one that the events change, so that an event and
what comes of it commit together. Nothing here depends on a client library.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS heard (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS last (aggregate_id TEXT PRIMARY KEY, version INTEGER);
CREATE TABLE IF NOT EXISTS early (
    aggregate_id TEXT, version INTEGER, type TEXT, event_id TEXT, body TEXT,
    PRIMARY KEY (aggregate_id, version)
);
"""


@dataclass(frozen=True)
class Event:
    """An event; what belongs to no aggregate (a rejection, a failure) has no version."""

    type: str
    id: str
    aggregate_id: str | None
    version: int | None
    body: str

    @classmethod
    def of(cls, type: str, id: str, headers: dict[str, Any], body: bytes) -> "Event":
        """Return the event that a message is."""
        return cls(
            type, id, headers.get("aggregate-id"), headers.get("aggregate-version"), body.decode()
        )

    def __str__(self) -> str:
        """Return what the examples print."""
        content = json.loads(self.body)
        return (
            f"{self.type} {content.get('entity_id', content['command_id'])} {self.version or '-'}"
        )


class Turns:
    """Calls `apply` with each event in its turn, in a transaction; the first version is 1."""

    def __init__(self, path: str, apply: Callable[[Event], object]) -> None:
        self._database = sqlite3.connect(path)
        self._database.executescript(_TABLES)
        self._apply = apply

    def take(self, event: Event) -> None:
        """Take what was delivered, and all that waited for it."""
        with self._database as database:
            if event.version is None:
                if database.execute("INSERT OR IGNORE INTO heard VALUES (?)", [event.id]).rowcount:
                    self._apply(event)
            elif event.version > self._last(event.aggregate_id):
                row = (event.aggregate_id, event.version, event.type, event.id, event.body)
                database.execute("INSERT OR IGNORE INTO early VALUES (?, ?, ?, ?, ?)", row)
                self._apply_all_in_turn(event.aggregate_id)

    def _apply_all_in_turn(self, aggregate_id: str | None) -> None:
        while (event := self._next(aggregate_id)) is not None:
            self._apply(event)
            turn = (event.aggregate_id, event.version)
            self._database.execute("INSERT OR REPLACE INTO last VALUES (?, ?)", turn)
            self._database.execute("DELETE FROM early WHERE aggregate_id = ? AND version = ?", turn)
        if self._database.execute(
            "SELECT 1 FROM early WHERE aggregate_id = ?", [aggregate_id]
        ).fetchone():
            missing = self._last(aggregate_id) + 1
            print(f"A gap: {aggregate_id} has no version {missing} yet", file=sys.stderr)

    def _next(self, aggregate_id: str | None) -> Event | None:
        row = self._database.execute(
            "SELECT type, event_id, aggregate_id, version, body FROM early"
            " WHERE aggregate_id = ? AND version = ?",
            (aggregate_id, self._last(aggregate_id) + 1),
        ).fetchone()
        return Event(*row) if row else None

    def _last(self, aggregate_id: str | None) -> int:
        """Return the version that was applied last, 0 before the first."""
        row = self._database.execute(
            "SELECT version FROM last WHERE aggregate_id = ?", [aggregate_id]
        ).fetchone()
        return row[0] if row else 0

"""One command in one transaction: what every consumer without batches does, in plain psycopg.

The peers use it too, so it imports nothing of the project and nothing but psycopg.
"""

import hashlib
import json
import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg

# The row may go lazily: if a crash brings it back, the event is published twice, as promised.
# One round trip and no second wait for the disk; a peer without this would be slower.
DELETE = "BEGIN; SET LOCAL synchronous_commit = off; DELETE FROM outbox WHERE id = {}; COMMIT"

STORED = "type, body, message_id, correlation_id, timestamp, headers"

Statement = tuple[str, tuple[Any, ...]]
Row = tuple[Any, ...] | None


@dataclass(frozen=True)
class Event:
    """An event as it will be published, and the outbox row that promises it."""

    type: str
    body: bytes
    message_id: str
    correlation_id: str
    timestamp: int
    headers: dict[str, Any]
    row: int = 0

    @property
    def stored(self) -> tuple[Any, ...]:
        """The outbox columns `STORED`."""
        return (
            self.type,
            self.body.decode(),
            self.message_id,
            self.correlation_id,
            self.timestamp,
            json.dumps(self.headers),
        )


def dsn() -> str:
    return os.environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1)


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(dsn(), autocommit=True)


def apply(connection: psycopg.Connection[Any], command: dict[str, Any]) -> Event | None:
    """Apply an update and commit; return its event, or None if it was applied before."""
    work = statements(command)
    row: Row = None
    with connection.transaction():
        while True:
            try:
                cursor = connection.execute(*work.send(row))
            except StopIteration as end:
                event: Event | None = end.value
                return event
            row = cursor.fetchone() if cursor.description else None


def published(connection: psycopg.Connection[Any], event: Event) -> None:
    """Delete the outbox row of an event that the broker has confirmed."""
    connection.execute(DELETE.format(event.row))


def statements(command: dict[str, Any]) -> Generator[Statement, Row, Event | None]:
    """Yield what has to be executed, take the first row of each answer, return the event.

    So that drivers of threads and of event loops do the same work.
    """
    command_id, entity_id = UUID(command["command_id"]), UUID(command["entity_id"])
    value = command["value"]
    if not isinstance(value, str):
        raise TypeError("the value is not a string")
    known = "SELECT 1 FROM inbox WHERE component = 'bench' AND command_id = %s"
    if (yield known, (command_id,)):
        return None
    row = yield "SELECT version FROM entities WHERE id = %s FOR UPDATE", (entity_id,)
    if row is None:
        raise LookupError(f"there is no entity {entity_id}")
    version = row[0] + 1
    event = new_event(command_id, entity_id, value, version)
    update = "UPDATE entities SET value = %s, version = %s WHERE id = %s"
    yield update, (value, version, entity_id)
    stored = yield (
        f"INSERT INTO outbox (component, aggregate_id, {STORED})"
        " VALUES ('bench', %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (entity_id, *event.stored),
    )
    yield (
        "INSERT INTO inbox (component, command_id, digest, status, attempt, outcome, recorded_at)"
        " VALUES ('bench', %s, %s, 'applied', 1, %s, now())",
        (command_id, digest(command), event.body.decode()),
    )
    assert stored is not None
    return replace(event, row=stored[0])


def digest(command: dict[str, Any]) -> str:
    content = {name: value for name, value in command.items() if name != "timestamp"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def new_event(command_id: UUID, entity_id: UUID, value: str, version: int) -> Event:
    event_id, now = str(uuid4()), datetime.now(UTC)
    body = {
        "event_id": event_id,
        "command_id": str(command_id),
        "timestamp": now.isoformat(),
        "entity_id": str(entity_id),
        "value": value,
    }
    return Event(
        type="entity.Updated",
        body=json.dumps(body).encode(),
        message_id=event_id,
        correlation_id=str(command_id),
        timestamp=int(now.timestamp()),
        headers={
            "causation-id": str(command_id),
            "schema-version": 1,
            "aggregate-type": "entity",
            "aggregate-id": str(entity_id),
            "aggregate-version": version,
        },
    )

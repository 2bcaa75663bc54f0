"""One command in one transaction: what every consumer without batches does, in plain psycopg.

The peers use it too, so it imports nothing of the project and nothing but psycopg.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg


@dataclass(frozen=True)
class Event:
    """An event as it will be published, and the outbox row that promises it."""

    row: int
    type: str
    body: bytes
    message_id: str
    correlation_id: str
    timestamp: int
    headers: dict[str, Any]


def connect() -> psycopg.Connection[Any]:
    url = os.environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(url)


def apply(connection: psycopg.Connection[Any], raw: bytes) -> Event | None:
    """Apply an update and commit; return its event, or None if it was applied before."""
    command = json.loads(raw)
    command_id, entity_id = UUID(command["command_id"]), UUID(command["entity_id"])
    value = command["value"]
    if not isinstance(value, str):
        raise TypeError("the value is not a string")
    with connection.transaction():
        known = connection.execute(
            "SELECT 1 FROM inbox WHERE component = 'bench' AND command_id = %s", (command_id,)
        )
        if known.fetchone():
            return None
        row = connection.execute(
            "SELECT version FROM entities WHERE id = %s FOR UPDATE", (entity_id,)
        ).fetchone()
        if row is None:
            raise LookupError(f"there is no entity {entity_id}")
        event = new_event(command_id, entity_id, value, row[0] + 1)
        connection.execute(
            "UPDATE entities SET value = %s, version = %s WHERE id = %s",
            (value, row[0] + 1, entity_id),
        )
        stored = connection.execute(
            "INSERT INTO outbox (component, aggregate_id, type, body, message_id, correlation_id,"
            " timestamp, headers) VALUES ('bench', %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (
                entity_id,
                event.type,
                event.body.decode(),
                event.message_id,
                event.correlation_id,
                event.timestamp,
                json.dumps(event.headers),
            ),
        ).fetchone()
        assert stored is not None
        connection.execute(
            "INSERT INTO inbox"
            " (component, command_id, digest, status, attempt, outcome, recorded_at)"
            " VALUES ('bench', %s, %s, 'applied', 1, %s, now())",
            (command_id, hashlib.sha256(raw).hexdigest(), event.body.decode()),
        )
    return Event(**{**vars(event), "row": stored[0]})


def published(connection: psycopg.Connection[Any], event: Event) -> None:
    """Delete the outbox row of an event that the broker has confirmed."""
    with connection.transaction():
        connection.execute("DELETE FROM outbox WHERE id = %s", (event.row,))


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
        row=0,
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

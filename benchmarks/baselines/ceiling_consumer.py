"""The component's batch design with nothing between it and the drivers."""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks.baselines import job
from benchmarks.baselines.pump import Pump

BATCH = 500
PREFETCH = 1000

Row = tuple[Any, ...]


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name = os.environ["COMPONENT_NAME"]
    database = job.connect()
    database.autocommit = False
    pump = Pump()
    waiting = pump.consume(f"{name}.commands", 1)
    careful = True
    print("ready", flush=True)
    while True:
        arrived = len(waiting)
        pump.step(0 if arrived else 1)
        while arrived < len(waiting) < BATCH:
            arrived = len(waiting)
            pump.step()
        if waiting:
            batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            apply(database, name, [body for _, body in batch])
            if careful:
                pump.stop()
            pump.channel.basic_ack(batch[-1][0], multiple=True)
            if careful:
                waiting, careful = pump.consume(f"{name}.commands", PREFETCH), False


def apply(database: psycopg.Connection[Any], name: str, bodies: list[bytes]) -> None:
    """Apply a batch in one transaction."""
    commands = [json.loads(body) for body in bodies]
    versions = _locked(database, {command["entity_id"] for command in commands})
    known = _known(database, [command["command_id"] for command in commands])
    values: dict[str, str] = {}
    inbox: list[Row] = []
    outbox: list[Row] = []
    now = datetime.now(UTC)
    for command in commands:
        command_id, entity_id = command["command_id"], command["entity_id"]
        if command_id in known:
            continue
        known.add(command_id)
        values[entity_id] = command["value"]
        versions[entity_id] += 1
        event, headers, event_id = _event(command, versions[entity_id], now)
        stamp = int(now.timestamp())
        outbox.append((entity_id, "entity.Updated", event, event_id, command_id, stamp, headers))
        inbox.append((command_id, job.digest(command), "applied", 1, event, now))
    _write(database, name, versions, values, sorted(inbox), outbox)
    database.commit()


def _locked(database: psycopg.Connection[Any], ids: set[str]) -> dict[str, int]:
    rows = database.execute(
        "SELECT id::text, version FROM entities WHERE id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE",
        (_array(ids),),
    )
    return dict(rows.fetchall())


def _known(database: psycopg.Connection[Any], ids: list[str]) -> set[str]:
    rows = database.execute(
        "SELECT command_id::text FROM inbox"
        " WHERE component = 'bench' AND command_id = ANY(%s::uuid[])",
        (_array(ids),),
    )
    return {row[0] for row in rows.fetchall()}


def _array(ids: Any) -> str:
    # A literal in one piece: psycopg would escape a list element by element, in Python.
    return "{" + ",".join(ids) + "}"


def _event(command: dict[str, Any], version: int, now: datetime) -> tuple[str, str, str]:
    event_id = str(uuid4())
    body = {
        "event_id": event_id,
        "command_id": command["command_id"],
        "timestamp": now.isoformat(),
        "entity_id": command["entity_id"],
        "value": command["value"],
    }
    headers = {
        "causation-id": command["command_id"],
        "schema-version": 1,
        "aggregate-type": "entity",
        "aggregate-id": command["entity_id"],
        "aggregate-version": version,
    }
    return json.dumps(body), json.dumps(headers), event_id


def _write(
    database: psycopg.Connection[Any],
    name: str,
    versions: dict[str, int],
    values: dict[str, str],
    inbox: list[Row],
    outbox: list[Row],
) -> None:
    changed = [{"id": id, "value": values[id], "version": versions[id]} for id in sorted(values)]
    database.execute(
        "UPDATE entities e SET value = n.value, version = n.version"
        " FROM json_to_recordset(%s) AS n(id uuid, value text, version int) WHERE e.id = n.id",
        (json.dumps(changed),),
    )
    with database.cursor() as cursor:
        with cursor.copy(
            "COPY inbox (command_id, digest, status, attempt, outcome, recorded_at) FROM STDIN"
        ) as copy:
            for row in inbox:
                copy.write_row(row)
        with cursor.copy(
            "COPY outbox (aggregate_id, type, body, message_id, correlation_id, timestamp, headers)"
            " FROM STDIN"
        ) as copy:
            for row in outbox:
                copy.write_row(row)
    database.execute("SELECT pg_notify(%s, '')", (f"{name}.outbox",))


if __name__ == "__main__":
    main()

"""The plain consumer on an SQLite file, with the same journal and the same care as ours."""

import json
import os
import signal
import sqlite3
import sys
from typing import Any
from uuid import UUID

import pika
from pika.adapters.blocking_connection import BlockingChannel

from benchmarks.baselines import job
from benchmarks.baselines.plain_pika import PREFETCH, publish


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name = os.environ["COMPONENT_NAME"]
    database = connect()
    broker = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    channel = broker.channel()
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=PREFETCH)

    def on_message(channel: BlockingChannel, method: Any, properties: Any, body: bytes) -> None:
        event, row = apply(database, json.loads(body))
        if event is not None:
            publish(channel, f"{name}.events", event)
            database.execute("DELETE FROM outbox WHERE id = ?", (row,))
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(f"{name}.commands", on_message)
    print("ready", flush=True)
    channel.start_consuming()


def connect() -> sqlite3.Connection:
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def apply(
    database: sqlite3.Connection, command: dict[str, Any]
) -> tuple[job.Event | None, int | None]:
    """Apply an update and commit; return its event and outbox row, or nothing if known."""
    command_id, entity_id = UUID(command["command_id"]), UUID(command["entity_id"])
    value = command["value"]
    if not isinstance(value, str):
        raise TypeError("the value is not a string")
    database.execute("BEGIN IMMEDIATE")
    with database:
        known = database.execute(
            "SELECT 1 FROM inbox WHERE component = 'bench' AND command_id = ?", (command_id.hex,)
        )
        if known.fetchone():
            return None, None
        (version,) = database.execute(
            "SELECT version FROM entities WHERE id = ?", (entity_id.hex,)
        ).fetchone()
        event = job.new_event(command_id, entity_id, value, version + 1)
        database.execute(
            "UPDATE entities SET value = ?, version = ? WHERE id = ?",
            (value, version + 1, entity_id.hex),
        )
        row = database.execute(
            f"INSERT INTO outbox (component, aggregate_id, {job.STORED})"
            " VALUES ('bench', ?, ?, ?, ?, ?, ?, ?)",
            (entity_id.hex, *event.stored),
        ).lastrowid
        database.execute(
            "INSERT INTO inbox"
            " (component, command_id, digest, status, attempt, outcome, recorded_at)"
            " VALUES ('bench', ?, ?, 'applied', 1, ?, CURRENT_TIMESTAMP)",
            (command_id.hex, job.digest(command), event.body.decode()),
        )
    return event, row


if __name__ == "__main__":
    main()

"""The component's relay with nothing between it and the drivers."""

import json
import os
import signal
import sys
from typing import Any

import pika
import psycopg

from benchmarks.baselines import job
from benchmarks.baselines.pump import Pump

BITE = 500


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name = os.environ["COMPONENT_NAME"]
    database = job.connect()
    database.execute(f'LISTEN "{name}.outbox"')
    publisher = Publisher(Pump(), f"{name}.events")
    print("ready", flush=True)
    while True:
        if not relay(database, publisher):
            for _ in database.notifies(timeout=0.5, stop_after=1):
                pass
            publisher.pump.step()


def relay(database: psycopg.Connection[Any], publisher: "Publisher") -> int:
    """Publish the oldest rows, delete them when all are confirmed, and return their number."""
    rows = database.execute(
        "SELECT id, type, body, message_id, correlation_id, timestamp, headers::text"
        " FROM outbox WHERE component = 'bench' ORDER BY id LIMIT %s",
        (BITE,),
    ).fetchall()
    if not rows:
        return 0
    for row in rows:
        publisher.publish(*row[1:])
    publisher.wait()
    ids = "{" + ",".join(str(row[0]) for row in rows) + "}"
    database.execute("DELETE FROM outbox WHERE id = ANY(%s::bigint[])", (ids,))
    return len(rows)


class Publisher:
    """Publishes with confirms that nobody waits for one by one."""

    def __init__(self, pump: Pump, exchange: str) -> None:
        self.pump = pump
        self._exchange = exchange
        self._pending = pump.confirm()
        self._last = 0

    def publish(
        self, type: str, body: str, event_id: str, correlation_id: str, timestamp: int, headers: str
    ) -> None:
        self._last += 1
        self._pending[self._last] = None
        properties = pika.BasicProperties(
            type=type,
            content_type="application/json",
            delivery_mode=2,
            message_id=event_id,
            correlation_id=correlation_id,
            timestamp=timestamp,
            app_id=self._exchange,
            headers=json.loads(headers),
        )
        self.pump.channel.basic_publish(
            self._exchange, type, body.encode(), properties, mandatory=True
        )

    def wait(self) -> None:
        while self._pending:
            self.pump.step(1)


if __name__ == "__main__":
    main()

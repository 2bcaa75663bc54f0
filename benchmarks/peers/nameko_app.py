"""nameko: a service that consumes a quorum queue, acknowledged when its worker returns.

Its workers are green threads, one connection each; psycopg waits in a way that lets others run.
"""

import os
from typing import Any

import psycopg
from kombu import Exchange, Queue
from nameko.extensions import DependencyProvider
from nameko.messaging import Publisher, consume

from benchmarks.baselines import job

name = os.environ["COMPONENT_NAME"]
commands = Queue(f"{name}.commands", no_declare=True)
events = Exchange(f"{name}.events", "fanout", durable=True)


class Database(DependencyProvider):
    """A connection for each worker that is at work."""

    def setup(self) -> None:
        self._free: list[psycopg.Connection[Any]] = []
        self._taken: dict[object, psycopg.Connection[Any]] = {}

    def get_dependency(self, worker_ctx: object) -> psycopg.Connection[Any]:
        self._taken[worker_ctx] = self._free.pop() if self._free else job.connect()
        return self._taken[worker_ctx]

    def worker_teardown(self, worker_ctx: object) -> None:
        self._free.append(self._taken.pop(worker_ctx))


class Entities:
    name = "entities"
    database = Database()
    publish = Publisher(exchange=events, use_confirms=True, serializer="json")

    @consume(commands, requeue_on_error=True)
    def update_value(self, command: dict[str, Any]) -> None:
        event = job.apply(self.database, command)
        if event is not None:
            self.publish(
                event.body,
                serializer=None,
                content_type="application/json",
                content_encoding="utf-8",
                routing_key=event.type,
                mandatory=True,
                delivery_mode=2,
                headers=event.headers,
                type=event.type,
                message_id=event.message_id,
                correlation_id=event.correlation_id,
                timestamp=event.timestamp,
                app_id=events.name,
            )
            job.published(self.database, event)

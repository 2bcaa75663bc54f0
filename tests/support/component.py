"""A component put together for a test, with handlers that can be made to fail."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Table, select

from domain.messages import Command, Event
from persistence.database import Database
from persistence.translation import driver_errors
from tests.sample.thing import CommandHandler
from tests.sample.things import THING
from worker.component import Aggregate, Component
from worker.composition import compose
from worker.settings import Settings

Sabotage = Callable[[Command], None]


def settings(database_url: str = "sqlite:///never-opened.db", **changes: Any) -> Settings:
    """Return complete settings; nothing is read from the environment."""
    complete = Settings(
        database_url=database_url,
        read_database_url=database_url,
        amqp_url="amqp://guest:guest@127.0.0.1:1/%2F",
        component_name="tests",
        command_queue="tests.commands",
        event_exchange="tests.events",
        single_active_consumer=False,
        prefetch_count=100,
        batch_size=50,
        max_attempts=3,
        retry_delays=(10.0, 100.0),
        max_message_bytes=10_000,
        inbox_retention_days=30,
        drain_timeout=1,
        http_host="127.0.0.1",
        http_port=None,
        log_level="info",
        log_format="json",
    )
    return replace(complete, **changes)


def component(database: Database, sabotage: Sabotage | None = None, **changes: Any) -> Component:
    """Return a component on this database; `sabotage` is called once a command has been saved."""
    aggregates = (sabotaged(sabotage) if sabotage else THING,)
    url = database.url.render_as_string(hide_password=False)
    result = compose(settings(url, **changes), aggregates)
    result.database.dispose()
    result.database = database  # the fixture disposes of it
    return result


def sabotaged(sabotage: Sabotage) -> Aggregate:
    """Return the aggregate of things with a handler that may raise after it has saved."""

    class Handler(CommandHandler):
        def handle(self, command: Command) -> list[Event]:
            events = super().handle(command)
            sabotage(command)
            return events

    return replace(THING, handler=Handler)


def ping(database: Database) -> int:
    """Return 1, or raise the `PersistenceError` that tells why the database does not answer."""
    with driver_errors(), database.engine.connect() as connection:
        return connection.execute(select(1)).scalar_one()


def rows(database: Database, table: Table) -> list[dict[str, Any]]:
    """Return the committed rows of a table, in the order of its key."""
    key = next(iter(table.primary_key))
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(key)).mappings()]

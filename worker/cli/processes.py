"""The commands that run the component."""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from persistence.database import Database
from persistence.exceptions import StorageUnavailable
from persistence.migrating import migrate
from worker.amqp.broker import Broker
from worker.amqp.topology import declare
from worker.component import Component
from worker.composition import compose
from worker.consumer.consumer import Consumer
from worker.exceptions import BrokerUnavailable, SettingsError
from worker.relay.relay import Relay
from worker.runtime.backlog import DEADLINE, BacklogMetrics
from worker.runtime.exporting import Exporting
from worker.runtime.health import Health
from worker.runtime.health_server import serve
from worker.runtime.logs import configure_logs
from worker.runtime.metrics import Metrics
from worker.runtime.readiness import require_schema
from worker.runtime.stop import StopFlag, leave_threads
from worker.runtime.supervisor import Child, kill_all, supervise
from worker.runtime.watchdog import LEEWAY, Watchdog, patience
from worker.settings import Settings, read_settings

LAST_PORT = 65535
READY_DEADLINE = 5.0  # seconds that the database has to answer who asks whether we are ready

Process = Callable[[Component, StopFlag, Health], Consumer | Relay]
Command = Callable[..., None]


def prepare(process: str | None = None) -> Settings:
    """Read the settings and set up the logs, in which `process` names who speaks."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format, process)
    return settings


def supervised(command: Command) -> Command:
    """Give a command the options by which `run` starts it."""
    for name, kind in (("--supervised-by", int), ("--pulse", int), ("--named", str)):
        command = click.option(name, type=kind, hidden=True)(command)
    return command


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database schema up to date."""
    settings = prepare()
    with Database(settings.database_url, settings.database_deadline) as database:
        is_ours = migrate(database)
    newer = "newer than this program, which is fine"
    click.echo(f"The database schema is {'up to date' if is_ours else newer}.")


@click.command("declare", short_help="Declare queues and exchange.")
def declare_command() -> None:
    """Declare queues and exchange, where publishers come before the worker."""
    settings = prepare()
    with Broker(settings.amqp_url, f"{settings.component_name} declare", settings.heartbeat) as b:
        declare(b, settings)
    names = f"{settings.command_queue} and {settings.event_exchange}"
    checked = f"Checked {names}; DECLARE is false, so nothing was declared."
    click.echo(f"Declared {names}." if settings.declare else checked)


@click.command()
@supervised
def consume(**options: Any) -> None:
    """Take commands from the queue and apply them."""
    _work(Consumer, "consume", **options)


@click.command()
@supervised
def relay(**options: Any) -> None:
    """Publish the stored events; one relay works, others stand by."""
    _work(Relay, "relay", **options)


@click.command()
@click.option("--consumers", default=1, show_default=True, type=click.IntRange(1, 64))
def run(consumers: int) -> None:
    """Run consumers and a relay, and start again what dies."""
    settings = prepare("run")
    _refuse_what_no_child_could_mend(settings)
    if settings.http_port and settings.http_port + consumers > LAST_PORT:
        raise SettingsError(f"HTTP_PORT: {settings.http_port} + {consumers} is no port.")
    names = [*(f"consume-{number}" for number in range(1, consumers + 1)), "relay"]
    children = [_child(name, place, settings) for place, name in enumerate(names)]
    stop = StopFlag(settings.drain_timeout)
    stop.install(at_once=lambda: kill_all(children))
    sys.exit(supervise(children, stop, settings.drain_timeout))


def _child(name: str, place: int, settings: Settings) -> Child:
    command, _, _ = name.partition("-")
    environment = {"HTTP_PORT": str(settings.http_port + place)} if settings.http_port else {}
    arguments = [command, "--supervised-by", str(os.getpid())]
    return Child(name, arguments, environment, patience(settings) + LEEWAY)


def _work(
    process: Process,
    name: str,
    *,
    supervised_by: int | None,
    pulse: int | None,
    named: str | None,
) -> None:
    settings = prepare(named or name)
    stop = StopFlag(settings.drain_timeout, supervised_by)
    stop.install()
    component = compose(settings)
    exporting = Exporting(settings.component_name)
    component.tracing = exporting.tracing
    # What is imported by now stays: the collector need not look at it again and again. Nor need it
    # look at a batch that is being worked on, of which nothing will be left.
    gc.freeze()
    gc.set_threshold(50_000)
    deadline = min(READY_DEADLINE, settings.database_deadline)
    with (
        Database(settings.database_url, deadline) as database,
        Database(settings.database_url, DEADLINE, read_only=True) as asked,
        component.database,
    ):
        health = _health(component, database, asked)
        if settings.http_port:
            _serve_health(health, settings)
        Watchdog(health, stop, patience(settings), pulse).start()
        try:
            process(component, stop, health).run()
        finally:
            health.metrics.summary.tell()
            exporting.finish()
    leave_threads()


def _health(component: Component, database: Database, asked: Database) -> Health:
    name = component.settings.component_name
    metrics = Metrics(name, component.codec.command_types())
    health = Health(database, component.settings.heartbeat, metrics)
    metrics.add(BacklogMetrics(asked, name, health.database_trouble))
    metrics.ask_counter(
        "database_errors", "Errors of the database.", lambda: component.database.errors, "kind"
    )
    return health


def _serve_health(health: Health, settings: Settings) -> None:
    assert settings.http_port is not None
    try:
        serve(health, settings.http_host, settings.http_port)
    except (OSError, UnicodeError) as error:  # the latter for what cannot be a host's name
        address = f"{settings.http_host}:{settings.http_port}"
        why = getattr(error, "strerror", None) or error
        raise SettingsError(f"HTTP_HOST, HTTP_PORT: {address} cannot be used: {why}.") from error


def _refuse_what_no_child_could_mend(settings: Settings) -> None:
    """Raise here, once, what would else end children again and again.

    What is away is no such thing: the children wait for it, and say so.
    """
    compose(settings)
    away = suppress(StorageUnavailable, BrokerUnavailable)
    with Database(settings.database_url, settings.database_deadline) as database, away:
        require_schema(database)
    name = f"{settings.component_name} run"
    with away, Broker(settings.amqp_url, name, settings.heartbeat) as broker:
        declare(broker, settings)


COMMANDS = (migrate_command, declare_command, run, consume, relay)

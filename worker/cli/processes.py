"""The commands that run the component."""

import gc
import os
import sys
from collections.abc import Callable

import click
import structlog

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
from worker.runtime.health import Health
from worker.runtime.health_server import serve
from worker.runtime.logs import configure_logs
from worker.runtime.readiness import require_schema
from worker.runtime.stop import StopFlag
from worker.runtime.supervisor import Child, kill_all, supervise
from worker.runtime.watchdog import LEEWAY, Watchdog, patience
from worker.settings import Settings, read_settings

log = structlog.get_logger()

LAST_PORT = 65535

supervised_by = click.option("--supervised-by", type=int, hidden=True)
pulse = click.option("--pulse", type=int, hidden=True)


def prepare() -> Settings:
    """Read the settings and set up the logs."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    return settings


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
@supervised_by
@pulse
def consume(supervised_by: int | None, pulse: int | None) -> None:
    """Take commands from the queue and apply them."""
    _work(
        supervised_by,
        pulse,
        lambda component, stop, health: Consumer(component, stop, health).run(),
    )


@click.command()
@supervised_by
@pulse
def relay(supervised_by: int | None, pulse: int | None) -> None:
    """Publish the stored events; one relay works, others stand by."""
    _work(
        supervised_by,
        pulse,
        lambda component, stop, health: Relay(component, stop, health).run(),
    )


@click.command()
@click.option("--consumers", default=1, show_default=True, type=click.IntRange(1, 64))
def run(consumers: int) -> None:
    """Run consumers and a relay, and start again what dies."""
    settings = prepare()
    compose(settings)  # what is wrong with the messages is said once, here
    with Database(settings.database_url, settings.database_deadline) as database:
        try:
            require_schema(database)
        except StorageUnavailable as error:
            log.warning("the database is away", error=str(error))  # the children wait for it
    _refuse_other_topology(settings)
    if settings.http_port and settings.http_port + consumers > LAST_PORT:
        raise SettingsError(f"HTTP_PORT: {settings.http_port} + {consumers} is no port.")
    children = []
    for i, name in enumerate([*["consume"] * consumers, "relay"]):
        environment = {"HTTP_PORT": str(settings.http_port + i)} if settings.http_port else {}
        arguments = [name, "--supervised-by", str(os.getpid())]
        children.append(Child(arguments, environment, patience(settings) + LEEWAY))
    stop = StopFlag(settings.drain_timeout)
    stop.install(at_once=lambda: kill_all(children))
    sys.exit(supervise(children, stop, settings.drain_timeout))


def _work(
    supervisor: int | None,
    pulse: int | None,
    process: Callable[[Component, StopFlag, Health], None],
) -> None:
    settings = prepare()
    stop = StopFlag(settings.drain_timeout, supervisor)
    stop.install()
    component = compose(settings)
    # What is imported by now stays: the collector need not look at it again and again. Nor need it
    # look at a batch that is being worked on, of which nothing will be left.
    gc.freeze()
    gc.set_threshold(50_000)
    with Database(settings.database_url, 5) as database, component.database:
        health = Health(database, settings.heartbeat)
        if settings.http_port:
            _serve_health(health, settings)
        Watchdog(health, stop, patience(settings), pulse).start()
        try:
            process(component, stop, health)
        finally:
            health.metrics.summary.tell()


def _serve_health(health: Health, settings: Settings) -> None:
    assert settings.http_port is not None
    try:
        serve(health, settings.http_host, settings.http_port)
    except (OSError, UnicodeError) as error:  # the latter for what cannot be a host's name
        address = f"{settings.http_host}:{settings.http_port}"
        why = getattr(error, "strerror", None) or error
        raise SettingsError(f"HTTP_HOST, HTTP_PORT: {address} cannot be used: {why}.") from error


def _refuse_other_topology(settings: Settings) -> None:
    """Raise `TopologyMismatch` here, once, and not in children again and again."""
    try:
        with Broker(settings.amqp_url, f"{settings.component_name} run", settings.heartbeat) as b:
            declare(b, settings)
    except BrokerUnavailable as error:
        log.warning("the broker is away", error=str(error))  # the children wait for it


COMMANDS = (migrate_command, declare_command, run, consume, relay)

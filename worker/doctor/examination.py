"""The whole examination, from the settings to the work."""

from collections.abc import Iterator

from persistence.database import Database
from persistence.exceptions import PersistenceError
from persistence.health.work import look_at_work
from worker.amqp.broker import Broker
from worker.amqp.declarations import Declaration, declarations
from worker.amqp.management import Management
from worker.doctor import (
    broker,
    database,
    policies,
    processes,
    readiness,
    settings,
    topology,
    upkeep,
    work,
)
from worker.doctor.finding import Finding
from worker.doctor.report import Report
from worker.exceptions import BrokerUnavailable
from worker.settings import Settings


def examine(chosen: Settings) -> Report:
    """Look at everything; what is away keeps nothing else from being looked at."""
    report = Report()
    report.take("settings", settings.examine(chosen))
    report.take("broker", _broker(chosen, report))
    with Database(chosen.database_url, chosen.database_deadline) as ours:
        report.take("database", _database(chosen, ours))
    if chosen.read_database_url != chosen.database_url:
        with Database(chosen.read_database_url, chosen.database_deadline, read_only=True) as other:
            report.take("database", database.examine_reading(other))
    report.take("processes", readiness.examine(chosen))
    return report


def _broker(chosen: Settings, report: Report) -> Iterator[Finding]:
    try:
        connection = Broker(chosen.amqp_url, f"{chosen.component_name} doctor", chosen.heartbeat)
    except BrokerUnavailable as error:
        yield broker.refused(chosen, error)
        return
    with connection:
        yield from broker.examine(connection, chosen)
        management, finding = policies.reachable(chosen)
        yield finding
        for declaration in declarations(chosen):
            yield from _declared(connection, declaration, management, chosen, report)
        if management:
            yield from policies.examine(management, chosen)


def _declared(
    connection: Broker,
    declaration: Declaration,
    management: Management | None,
    chosen: Settings,
    report: Report,
) -> Iterator[Finding]:
    seen = topology.look(connection, declaration, management)
    if seen.exists is False:
        report.missing.append(declaration)
    yield from topology.examine(connection, seen, management, chosen)
    yield from work.queues(seen, chosen)
    if declaration.name == chosen.command_queue:
        yield from processes.consumers(seen, management, chosen)


def _database(chosen: Settings, ours: Database) -> Iterator[Finding]:
    try:
        yield from database.introduce(ours)
        yield database.schema(ours)
    except PersistenceError as error:
        yield database.refused(ours, error)
        return
    yield database.writing(ours)
    found = look_at_work(ours, chosen.component_name)
    yield from processes.relay(ours, chosen, found.outbox)
    yield from work.examine(found, chosen)
    if ours.is_postgresql:
        yield from upkeep.examine(ours)

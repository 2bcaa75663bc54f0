"""The processes: whether somebody consumes, and a relay works."""

from collections.abc import Iterator

from persistence.database import Database
from persistence.health.work import relay_works
from worker.amqp.management import Management
from worker.amqp.trials import Seen
from worker.doctor.finding import Finding, ok, unknown, wrong
from worker.exceptions import NotAnswered
from worker.settings import Settings

SUBJECT = "processes"
_START = "Start `python -m worker run`"
_ASK = "ask its /readyz, read its log, or start it again"


def consumers(seen: Seen, management: Management | None, settings: Settings) -> Iterator[Finding]:
    """`seen`: the command queue."""
    if seen.exists is None:
        sentence = f"Whether somebody consumes {seen.declaration.name!r} cannot be seen."
        yield unknown(SUBJECT, sentence, "Run the doctor where there is a management API.")
        return
    if not seen.exists:
        return  # told already
    alive = _connected(management, settings)
    if not seen.consumers:
        waiting = f"; commands that wait: {seen.messages:,}" if seen.messages else ""
        lives = f"; processes that are connected, and take none: {alive}" if alive else ""
        sentence = f"Nobody consumes {seen.declaration.name!r}{waiting}{lives}."
        yield wrong(SUBJECT, sentence, f"{_START}; if a process lives, {_ASK}.")
    elif alive > seen.consumers:
        sentence = f"Not all processes that are connected ({alive}) consume ({seen.consumers})."
        yield wrong(SUBJECT, sentence, f"Of the others {_ASK}.")
    else:
        yield ok(SUBJECT, f"Consumers of {seen.declaration.name!r}: {seen.consumers}.")


def _connected(management: Management | None, settings: Settings) -> int:
    """Return how many consumers are connected, as far as that can be seen."""
    if management is None:
        return 0
    try:
        connections = management.connections()
    except NotAnswered:
        return 0  # it answered just before, and will not be needed for what is most important
    name = f"{settings.component_name} consumer"
    return sum(connection.get("user_provided_name") == name for connection in connections)


def relay(database: Database, settings: Settings, outbox: int) -> Iterator[Finding]:
    if relay_works(database, settings.component_name):
        yield ok(SUBJECT, "A relay works.")
    else:
        waiting = f"; messages that wait in the outbox: {outbox:,}" if outbox else ""
        yield wrong(
            SUBJECT,
            f"No relay works{waiting}.",
            f"Start `python -m worker relay`, or `run`; if its process lives, {_ASK}.",
        )

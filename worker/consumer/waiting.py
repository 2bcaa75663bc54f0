"""Commands that wait for a retry: what is known of each, and an end for those nobody wants."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.messages import CommandID
from persistence.endings import FAILED, RETRYING
from persistence.exceptions import Collision
from persistence.unit_of_work import UnitOfWork
from persistence.waiting import Waiting, WaitingRow
from worker.amqp.wire import HISTORY_HEADER, from_store
from worker.component import Component
from worker.consumer.envelopes import Envelopes
from worker.consumer.letters import failure, letter
from worker.consumer.outcomes import Outcomes
from worker.consumer.reading import Reader, Received

CANCELLED = "cancelled"  # the kind of the dead letter, and the code of the outcome
ROUNDS = 5  # for a command that fails again each time that we would cancel it


@dataclass(frozen=True)
class WaitingCommand:
    """A waiting command as people look at it.

    `id` is its command id. `aggregate_id` is None where today's schemas cannot read the command.
    `attempt`, for which it waits, was `sent` so often already; `error` ended the one before.
    """

    id: UUID
    type: str | None
    aggregate_id: UUID | None
    attempt: int
    sent: int
    due_at: datetime
    since: datetime
    error: str | None


def described(component: Component, row: WaitingRow) -> WaitingCommand:
    received = _received(component, row)
    command = received.command
    return WaitingCommand(
        id=row.command_id,
        type=received.message.type,
        aggregate_id=component.aggregate_id(command) if command else None,
        attempt=row.attempt,
        sent=row.sends,
        due_at=row.due_at,
        since=row.since,
        error=row.error,
    )


def cancel(component: Component, command_id: UUID) -> bool:
    """End a waiting command as failed, with a dead letter; False if it does not wait (any more).

    Who settles it first, this or a consumer that has the attempt, wins. A copy of the attempt that
    is in the queue is a duplicate from then on.
    """
    waiting = Waiting(component.database, component.settings.component_name)
    for _ in range(ROUNDS):
        row = waiting.find(command_id)
        if row is None:
            return False
        try:
            with component.unit_of_work() as unit:
                _end(component, unit, row)
                unit.commit()
        except Collision:
            continue  # it has failed once more, or ended
        return True
    raise Collision(f"The command {command_id} is being settled again and again.")


def _end(component: Component, unit: UnitOfWork, row: WaitingRow) -> None:
    unit.inbox.read([row.command_id])
    known = unit.inbox.get(row.command_id)
    if known is None or (known.status, known.attempt) != (RETRYING, row.attempt):
        raise Collision("It has been settled since it was read.")
    received = _received(component, row)
    why = row.error or "it had not begun"
    last = letter(
        received,
        CANCELLED,
        f"Cancelled while it waited for attempt {row.attempt}. Before that: {why}",
        attempts=str(received.message.headers.get(HISTORY_HEADER) or "").split(),
    )
    unit.dead_letters.add(last)
    told = failure(last, received, f"It was cancelled before attempt {row.attempt}.")
    settings = component.settings
    envelopes = Envelopes(component.codec, settings.correlation_headers)
    outcome = Outcomes(unit.outbox, envelopes, settings).announce(received, told)
    unit.retries.settled(row.command_id)
    unit.inbox.record(known._replace(status=FAILED, outcome=outcome))


def _received(component: Component, row: WaitingRow) -> Received:
    reader = Reader(component.codec, component.settings.max_message_bytes)
    # What today's schemas cannot read is still the command that the inbox knows.
    return reader.read(from_store(row.command))._replace(command_id=CommandID(row.command_id))

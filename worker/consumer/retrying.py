"""Which attempt of its command a delivery is, and how the next one comes."""

from datetime import datetime, timedelta
from typing import NamedTuple

from persistence.endings import RETRYING
from persistence.inbox import InboxEntry
from persistence.unit_of_work import UnitOfWork
from worker.amqp.wire import ATTEMPT_HEADER, FIRST_HEADER, HISTORY_HEADER, now_text
from worker.consumer.reading import Received

SOON = 1.0  # seconds until a retry comes whose sender sends the command once more
FEW = 7  # of the latest attempts that are told with the first three


class Attempt(NamedTuple):
    """An attempt that is being made now.

    `number` goes on counting after a replay; `MAX_ATTEMPTS` counts from `first`. `history` holds
    the times of the earlier attempts and of this one.
    """

    number: int
    first: int
    history: list[str]

    @property
    def tries(self) -> int:
        return self.number - self.first + 1


def is_its_attempt(received: Received, known: InboxEntry) -> bool:
    """Tell whether this delivery is the one that a waiting command waits for."""
    return (
        known.status == RETRYING
        and received.has_digest(known.digest)
        and received.message.headers.get(ATTEMPT_HEADER) == known.attempt
    )


def attempt_of(received: Received, known: InboxEntry | None) -> Attempt:
    """Return the attempt; headers say something of it only where the inbox knows the command."""
    if known is None:
        return Attempt(1, 1, [now_text()])
    headers = received.message.headers
    first = headers.get(FIRST_HEADER)
    if not (isinstance(first, int) and 1 <= first <= known.attempt):
        first = 1
    history = [*str(headers.get(HISTORY_HEADER) or "").split(), now_text()]
    return Attempt(known.attempt, first, _bounded(history))


def _bounded(history: list[str]) -> list[str]:
    """Return the first and the last few: what a message tells of itself has its limits."""
    return [*history[:3], *history[3:][-FEW:]]


class Retrying:
    """Has commands sent again, in one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def after(self, attempt: Attempt, received: Received, due_at: datetime, error: str) -> None:
        """Have the attempt made that follows a failed one."""
        self._add(received, attempt.number + 1, due_at, attempt.first, attempt.history, error)

    def first(self, received: Received, due_at: datetime) -> None:
        """Have the first attempt made, which could not begin yet."""
        self._add(received, 1, due_at)

    def remind(self, received: Received, known: InboxEntry, seconds: float = SOON) -> None:
        """Make sure that the attempt comes, so soon, for which the command waits.

        The queue may have lost it; and older releases delete its row as soon as it is sent.
        """
        now = self._unit.now()
        due_at = now + timedelta(seconds=seconds)
        if not self._unit.retries.hasten(known.command_id, known.attempt, due_at):
            self._add(received, known.attempt, now)

    def _add(
        self,
        received: Received,
        attempt: int,
        due_at: datetime,
        first: int = 1,
        history: list[str] | None = None,
        error: str | None = None,
    ) -> None:
        marks = {
            ATTEMPT_HEADER: attempt,
            FIRST_HEADER: first,
            HISTORY_HEADER: " ".join(history or []),
        }
        command = received.message.stored(**marks)
        self._unit.retries.add(command, due_at, received.command_id, attempt, error)

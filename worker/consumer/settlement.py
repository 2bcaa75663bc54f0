"""How a command ends: the failure table of the design, as far as it concerns one command."""

import random
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog

from domain.exceptions import DomainError
from domain.messages import CommandFailed, CommandID, CommandRejected, Event
from persistence.dead_letters import UNSENDABLE
from persistence.exceptions import PersistenceError
from persistence.inbox import APPLIED, FAILED, REJECTED, RETRYING, InboxEntry
from persistence.messages import DeadLetter, OutgoingMessage
from persistence.unit_of_work import UnitOfWork
from schemas.exceptions import Undecodable
from worker.amqp.topology import backstop_queue
from worker.amqp.wire import (
    ATTEMPT_HEADER,
    FIRST_HEADER,
    HISTORY_HEADER,
    Message,
    now_text,
    printable,
)
from worker.component import Component, Handlers
from worker.consumer.envelopes import Envelopes
from worker.consumer.reading import Received

# Beside the four that an inbox entry may have.
DUPLICATE, DEAD, IGNORED = "duplicate", "dead", "ignored"

log = structlog.get_logger()

FEW = 7  # of the latest attempts that are told with the first three
SOON = 1.0  # seconds until a retry comes whose sender sends the command once more
POSTPONED = 5.0  # seconds until a command that could not be tried comes again
POSTPONED_AGAIN = 3600.0  # seconds at most; each time it takes twice as long as before
MAX_TRACEBACK = 8192  # bytes of a traceback that a dead letter keeps


class Settlement:
    """Settles the commands of one unit of work, one after the other.

    Each method returns the ending: what the inbox says of the command, `duplicate`, `dead`, or
    `ignored` where it is no command but an event, sent here by somebody's `reply_to`.
    """

    def __init__(self, unit: UnitOfWork, handlers: Handlers, component: Component) -> None:
        self._unit = unit
        self._handlers = handlers
        self._settings = component.settings
        self._envelopes = Envelopes(component.codec)
        self._failures: list[dict[str, Any]] = []

    def settle(self, received: Received) -> str:
        """Apply the command, unless there is a reason not to."""
        if received.is_event:
            return IGNORED
        known = self._known(received)
        if known and not _is_its_attempt(received, known):
            return self._repeated(received, known)
        if isinstance(received.fault, Undecodable):
            return self._fail(_letter_of_fault(received, received.fault), received)
        try:
            if received.fault:
                raise received.fault
            return self._apply(received)
        except DomainError as refusal:
            return self._reject(received, refusal)
        except PersistenceError:
            raise  # no fault of the command's
        except Exception as error:  # a bug in a command handler can be anything
            return self.attempt_failed(received, error)

    def attempt_failed(self, received: Received, error: Exception) -> str:
        """Try the command again later, or give it up after `MAX_ATTEMPTS`."""
        known = self._known(received)
        attempt = known.attempt if known else 1
        first = _first_attempt(received, attempt) if known else 1
        history = received.message.headers.get(HISTORY_HEADER) if known else None
        attempts = _bounded([*str(history or "").split(), now_text()])
        reason = f"{type(error).__name__}: {printable(error)}"
        log.debug("traceback", command_id=received.command_id, traceback=_traceback(error))
        tries = attempt - first + 1
        if tries >= self._settings.max_attempts:
            letter = _letter(received, "failed", reason, attempts=attempts, error=error)
            self._warn("attempt failed, command given up", received, attempt, reason)
            return self._fail(letter, received, f"It could not be applied; attempts: {tries}.")
        delays = self._settings.retry_delays
        delay = delays[min(tries, len(delays)) - 1] * random.uniform(1, 1.25)  # noqa: S311
        due_at = self._unit.now() + timedelta(seconds=delay)
        self._send_again(received, attempt + 1, due_at, first, attempts)
        self._warn("attempt failed", received, attempt, reason, next_at=due_at.isoformat())
        return self._record(received, RETRYING, attempt=attempt + 1)

    def refused(self, received: Received, error: Exception) -> str:
        """Count a failed attempt, if the command is still to be applied."""
        known = self._known(received)
        if received.command is None or (known and not _is_its_attempt(received, known)):
            return self.settle(received)
        return self.attempt_failed(received, error)

    def postponed(self, received: Received) -> str:
        """Try later what could not be tried yet: as the same attempt, for nothing has failed."""
        known = self._known(received)
        if received.command is None or (known and not _is_its_attempt(received, known)):
            return self.settle(received)
        if known:
            self._remind(received, known, POSTPONED_AGAIN)
            return RETRYING
        due_at = self._unit.now() + timedelta(seconds=POSTPONED)
        self._send_again(received, 1, due_at)
        return self._record(received, RETRYING, attempt=1)

    def crashed(self, received: Received) -> str:
        """Give the command up, unless another delivery of it counts."""
        if received.is_event:
            return IGNORED
        known = self._known(received)
        if known and not _is_its_attempt(received, known):
            return self._repeated(received, known)
        kind = "crash"
        reason = "Every worker that took this command died, up to the queue's delivery limit."
        if _has_expired(received.message, self._settings.command_queue):
            if known:  # our own retries wait as long as it takes
                self._remind(received, known)
                return DUPLICATE
            kind, reason = "expired", "It waited longer than its sender allowed."
        self._warn("command given up", received, known.attempt if known else 1, reason)
        return self._fail(_letter(received, kind, reason), received)

    def report(self) -> None:
        """Log what has failed; to be called once that is committed, and so is said once."""
        for failure in self._failures:
            log.warning(**failure)

    def unsendable(self, received: Received, reason: str) -> str:
        """Give the command up whose retry cannot be sent, unless something else became of it."""
        known = self._known(received)
        if known and not _is_its_attempt(received, known):
            return DUPLICATE
        letter = _letter(received, UNSENDABLE, reason)
        return self._fail(letter, received, "It could not be sent again.")

    def _known(self, received: Received) -> InboxEntry | None:
        return self._unit.inbox.get(received.command_id) if received.command_id else None

    def _repeated(self, received: Received, known: InboxEntry) -> str:
        """Answer a command that the inbox knows; its first outcome stands."""
        fault = received.fault if isinstance(received.fault, Undecodable) else None
        if not received.has_digest(known.digest) or (fault and known.status != FAILED):
            fault = fault or Undecodable(
                "command-id-reused", "Another command had this command_id before."
            )
            return self._only_reply(_letter_of_fault(received, fault), received)
        if ATTEMPT_HEADER in received.message.headers:
            return DUPLICATE  # a copy of ours, which nobody has asked with
        if known.status == RETRYING:
            self._remind(received, known)
        elif received.message.reply_to and (outcome := self._unit.inbox.outcome(known)):
            self._reply(received, outcome)
        return DUPLICATE

    def _remind(self, received: Received, known: InboxEntry, seconds: float = SOON) -> None:
        """Make sure that the attempt comes, so soon, for which the command waits.

        The queue may have lost it; and older releases delete its row as soon as it is sent.
        """
        now = self._unit.now()
        due_at = now + timedelta(seconds=seconds)
        if not self._unit.retries.hasten(known.command_id, known.attempt, due_at):
            self._send_again(received, known.attempt, now)

    def _send_again(
        self,
        received: Received,
        attempt: int,
        due_at: datetime,
        first: int = 1,
        history: Sequence[str] = (),
    ) -> None:
        headers = {
            ATTEMPT_HEADER: attempt,
            FIRST_HEADER: first,
            HISTORY_HEADER: " ".join(history),
        }
        command = received.message.stored(**headers)
        self._unit.retries.add(command, due_at, received.command_id, attempt)

    def _apply(self, received: Received) -> str:
        assert received.command is not None
        with self._unit.command():
            outcome = self._handlers.handle(received.command)[0]
            changes = self._unit.saved_events()
            messages = [self._envelopes.of_change(change, received.message) for change in changes]
            first = messages[[change.event for change in changes].index(outcome)]
        for change, message in zip(changes, messages, strict=True):
            self._unit.outbox.add(message, aggregate_id=change.aggregate_id)
        self._reply(received, first)
        return self._record(received, APPLIED, outcome=first)

    def _reject(self, received: Received, refusal: DomainError) -> str:
        assert received.command_id is not None
        return self._announce(
            received,
            REJECTED,
            CommandRejected(
                command_id=received.command_id,
                command_type=received.message.type or "",
                code=refusal.code,
                reason=printable(refusal),
            ),
        )

    def _fail(self, letter: DeadLetter, received: Received, reason: str | None = None) -> str:
        """`reason`: what the world is told where the letter's names what is ours alone."""
        if received.command_id is None:
            return self._only_reply(letter, received)
        self._unit.dead_letters.add(letter)
        return self._announce(received, FAILED, _failed(letter, received, reason))

    def _only_reply(self, letter: DeadLetter, received: Received) -> str:
        """Set aside what no command is known by; nobody but its sender hears of it."""
        self._unit.dead_letters.add(letter)
        failed = _failed(letter, received)
        self._reply(received, self._envelopes.of_ending(failed, received.message))
        return DEAD

    def _announce(self, received: Received, status: str, ending: Event) -> str:
        outcome = self._envelopes.of_ending(ending, received.message)
        self._unit.outbox.add(outcome)
        self._reply(received, outcome)
        return self._record(received, status, outcome=outcome)

    def _reply(self, received: Received, outcome: OutgoingMessage) -> None:
        reply_to = received.message.reply_to
        if reply_to in (self._settings.command_queue, backstop_queue(self._settings)):
            _say_that_we_do_not_answer_ourselves(reply_to)
        elif reply_to:
            self._unit.outbox.add(outcome, reply_to=reply_to)

    def _record(
        self,
        received: Received,
        status: str,
        *,
        attempt: int | None = None,
        outcome: OutgoingMessage | None = None,
    ) -> str:
        command_id = _identity(received)
        known = self._unit.inbox.get(command_id)
        attempt = attempt or (known.attempt if known else 1)
        if known and known.status == RETRYING:
            self._unit.retries.settled(command_id)
        entry = InboxEntry(command_id, received.digest, status, attempt, outcome)
        self._unit.inbox.record(entry)
        return status

    def _warn(
        self, event: str, received: Received, attempt: int, error: str, **more: object
    ) -> None:
        self._failures.append(
            {
                "event": event,
                "type": received.message.type,
                "command_id": received.command_id,
                "attempt": attempt,
                "error": error,
                **more,
            }
        )


@cache
def _say_that_we_do_not_answer_ourselves(queue: str) -> None:
    log.warning("a sender's reply_to is our own queue; no replies go there", queue=queue)


def _identity(received: Received) -> CommandID:
    assert received.command_id is not None
    return received.command_id


def _is_its_attempt(received: Received, known: InboxEntry) -> bool:
    """Tell whether this delivery is the one that a waiting command waits for."""
    return (
        known.status == RETRYING
        and received.has_digest(known.digest)
        and received.message.headers.get(ATTEMPT_HEADER) == known.attempt
    )


def _first_attempt(received: Received, attempt: int) -> int:
    """Return the attempt from which the command's attempts are counted."""
    first = received.message.headers.get(FIRST_HEADER)
    return first if isinstance(first, int) and 1 <= first <= attempt else 1


def _has_expired(message: Message, queue: str) -> bool:
    """Tell whether the last that happened to the message is that it expired in this queue.

    Brokers put the latest death first. Senders can put anything there, or what another queue did.
    """
    deaths = message.headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else None
    if not isinstance(latest, dict):
        return False
    return latest.get("queue") == queue and latest.get("reason") == "expired"


def _bounded(attempts: list[str]) -> list[str]:
    """Return the first and the last few: what a message tells of itself has its limits."""
    return [*attempts[:3], *attempts[3:][-FEW:]]


def _failed(letter: DeadLetter, received: Received, reason: str | None = None) -> CommandFailed:
    return CommandFailed(
        command_id=received.command_id,
        command_type=received.message.type or "",
        code=letter.kind,
        reason=reason or letter.reason,
    )


def _letter_of_fault(received: Received, fault: Undecodable) -> DeadLetter:
    return _letter(received, fault.kind, fault.reason, fault.errors, error=fault.bug)


def _letter(
    received: Received,
    kind: str,
    reason: str,
    errors: dict[str, list[str]] | None = None,
    attempts: list[str] | None = None,
    error: Exception | None = None,
) -> DeadLetter:
    return DeadLetter(
        kind=kind,
        reason=reason,
        command=received.message.stored(),
        command_id=received.command_id,
        type=received.message.type,
        errors=errors or {},
        attempts=attempts or [],
        traceback=_traceback(error) if error else None,
    )


def _traceback(error: Exception) -> str:
    """Return the end of the traceback, which names the place."""
    text = printable("".join(traceback.format_exception(error)), max_bytes=sys.maxsize)
    return text.encode()[-MAX_TRACEBACK:].decode(errors="ignore")

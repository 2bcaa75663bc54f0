"""How a command ends: the failure table of the design, as far as it concerns one command."""

import random
from datetime import timedelta

from domain.exceptions import DomainError
from domain.messages import CommandRejected, Event
from persistence.dead_letters import UNSENDABLE
from persistence.endings import (
    APPLIED,
    DEAD,
    DUPLICATE,
    FAILED,
    IGNORED,
    REJECTED,
    RETRYING,
    Ending,
    Status,
)
from persistence.exceptions import PersistenceError
from persistence.inbox import InboxEntry
from persistence.messages import DeadLetter, OutgoingMessage
from persistence.unit_of_work import UnitOfWork
from schemas.exceptions import Undecodable
from worker.amqp.wire import ATTEMPT_HEADER, Message, printable
from worker.component import Component, Handlers
from worker.consumer.envelopes import Envelopes
from worker.consumer.failures import Failures
from worker.consumer.letters import failure, letter, letter_of_fault, traceback_of
from worker.consumer.outcomes import Outcomes
from worker.consumer.reading import Received
from worker.consumer.retrying import Attempt, Retrying, attempt_of, is_its_attempt
from worker.runtime.showing import harmless
from worker.senders import NOT_ALLOWED, why_not_allowed

POSTPONED = 5.0  # seconds until a command that could not be tried comes again
POSTPONED_AGAIN = 3600.0  # seconds at most; each time it takes twice as long as before


class Settlement:
    """Settles the commands of one unit of work, one after the other: each method is one reason."""

    def __init__(self, unit: UnitOfWork, handlers: Handlers, component: Component) -> None:
        self._unit = unit
        self._handlers = handlers
        self._settings = component.settings
        self._envelopes = Envelopes(
            component.codec,
            self._settings.correlation_headers,
            component.tracing,
            self._settings.event_exchange,
        )
        self._outcomes = Outcomes(unit.outbox, self._envelopes, self._settings)
        self._retrying = Retrying(unit)
        self.failures = Failures(component)

    def settle(self, received: Received) -> Ending:
        """Apply the command, unless there is a reason not to."""
        if received.is_event:
            return IGNORED
        known = self._known(received)
        if known and not is_its_attempt(received, known):
            return self._repeated(received, known)
        fault = self._refusal(received, known) or received.fault
        if isinstance(fault, Undecodable):
            return self._fail(letter_of_fault(received, fault), received)
        try:
            if received.fault:
                raise received.fault
            return self._apply(received)
        except DomainError as rejection:
            return self._reject(received, rejection)
        except PersistenceError:
            raise  # The batch failed, not this command.
        except Exception as error:  # a bug in a command handler can be anything
            return self._attempt_failed(received, error)

    def count_failure(self, received: Received, error: Exception) -> Ending:
        """Count a failed attempt, if the command is still to be applied."""
        if self._is_over(received):
            return self.settle(received)
        return self._attempt_failed(received, error)

    def postpone(self, received: Received) -> Ending:
        """Try later what could not be tried yet: as the same attempt, for nothing has failed."""
        if self._is_over(received):
            return self.settle(received)
        if known := self._known(received):
            self._retrying.remind(received, known, POSTPONED_AGAIN)
            return RETRYING
        self._retrying.first(received, self._unit.now() + timedelta(seconds=POSTPONED))
        return self._record(received, RETRYING, attempt=1)

    def give_up(self, received: Received) -> Ending:
        """End a command that ended every process that took it, unless another delivery counts."""
        if received.is_event:
            return IGNORED
        known = self._known(received)
        if known and not is_its_attempt(received, known):
            return self._repeated(received, known)
        if refusal := self._refusal(received, known):
            return self._fail(letter_of_fault(received, refusal), received)
        kind = "crash"
        reason = "Every worker that took this command died, up to the queue's delivery limit."
        if _has_expired(received.message, self._settings.command_queue):
            if known:  # It is a retry of ours, which may wait as long as it takes.
                self._retrying.remind(received, known)
                return DUPLICATE
            kind, reason = "expired", "It waited longer than its sender allowed."
        attempt = known.attempt if known else 1
        self.failures.add("command given up", received, attempt, reason)
        return self._fail(letter(received, kind, reason), received)

    def unsendable(self, received: Received, reason: str) -> Ending:
        """End a command whose retry cannot be sent, unless something else became of it."""
        known = self._known(received)
        if known and not is_its_attempt(received, known):
            return DUPLICATE
        unsent = letter(received, UNSENDABLE, reason)
        return self._fail(unsent, received, "It could not be sent again.")

    def _attempt_failed(self, received: Received, error: Exception) -> Ending:
        """Try the command again later, or give it up after `MAX_ATTEMPTS`."""
        attempt = attempt_of(received, self._known(received))
        reason = f"{type(error).__name__}: {printable(error)}"
        if attempt.tries >= self._settings.max_attempts:
            return self._give_up_after(attempt, received, error, reason)
        text = printable(harmless(reason))
        due_at = self._unit.now() + timedelta(seconds=self._delay(attempt.tries))
        self._retrying.after(attempt, received, due_at, text)
        self.failures.add_traceback(received, traceback_of(error))
        self.failures.add(
            "attempt failed", received, attempt.number, text, next_at=due_at.isoformat()
        )
        return self._record(received, RETRYING, attempt=attempt.number + 1)

    def _give_up_after(
        self, attempt: Attempt, received: Received, error: Exception, reason: str
    ) -> Ending:
        last = letter(received, "failed", reason, attempts=attempt.history, error=error)
        self.failures.add(
            "attempt failed, command given up",
            received,
            attempt.number,
            printable(harmless(reason)),
            traceback=last.traceback,
        )
        return self._fail(last, received, f"It could not be applied; attempts: {attempt.tries}.")

    def _delay(self, tries: int) -> float:
        delays = self._settings.retry_delays
        return delays[min(tries, len(delays)) - 1] * random.uniform(1, 1.25)  # noqa: S311

    def _known(self, received: Received) -> InboxEntry | None:
        return self._unit.inbox.get(received.command_id) if received.command_id else None

    def _refusal(self, received: Received, known: InboxEntry | None) -> Undecodable | None:
        """Return why its sender may not send it; what is sent again was allowed before."""
        senders, message = self._settings.allowed_senders, received.message
        if not senders or known:
            return None
        reason = why_not_allowed(senders, message.type or "", message.user_id)
        return Undecodable(NOT_ALLOWED, reason) if reason else None

    def _is_over(self, received: Received) -> bool:
        """Tell whether `settle` applies nothing: no command, no right to it, another attempt."""
        known = self._known(received)
        if received.command is None or self._refusal(received, known):
            return True
        return bool(known and not is_its_attempt(received, known))

    def _repeated(self, received: Received, known: InboxEntry) -> Ending:
        """Answer a command that the inbox knows; its first outcome stands."""
        fault = received.fault if isinstance(received.fault, Undecodable) else None
        if not received.has_digest(known.digest) or (fault and known.status != FAILED):
            fault = fault or Undecodable(
                "command-id-reused", "Another command had this command_id before."
            )
            return self._only_reply(letter_of_fault(received, fault), received)
        if ATTEMPT_HEADER in received.message.headers:
            return DUPLICATE  # a copy of ours, which nobody has asked with
        if known.status == RETRYING:
            self._retrying.remind(received, known)
        elif received.message.reply_to and (outcome := self._unit.inbox.outcome(known)):
            self._outcomes.reply(received, outcome)
        return DUPLICATE

    def _apply(self, received: Received) -> Ending:
        assert received.command is not None
        with self._unit.command():
            outcome = self._handlers.handle(received.command)[0]
            changes = self._unit.saved_events()
            shapes = [self._envelopes.of_change(change, received.message) for change in changes]
            # A reply goes once: in the shape that everybody can read who could so far.
            first = shapes[[change.event for change in changes].index(outcome)][0]
        for change, messages in zip(changes, shapes, strict=True):
            for message in messages:
                self._unit.outbox.add(message, aggregate_id=change.aggregate_id)
        self._outcomes.reply(received, first)
        return self._record(received, APPLIED, outcome=first)

    def _reject(self, received: Received, rejection: DomainError) -> Ending:
        assert received.command_id is not None
        return self._announce(
            received,
            REJECTED,
            CommandRejected(
                command_id=received.command_id,
                command_type=received.message.type or "",
                code=rejection.code,
                reason=printable(rejection),
            ),
        )

    def _fail(self, dead: DeadLetter, received: Received, reason: str | None = None) -> Ending:
        """`reason`: what the world is told where the letter's names what is ours alone."""
        if received.command_id is None:
            return self._only_reply(dead, received)
        self._unit.dead_letters.add(dead)
        return self._announce(received, FAILED, failure(dead, received, reason))

    def _only_reply(self, dead: DeadLetter, received: Received) -> Ending:
        """Set aside what no command is known by; nobody but its sender hears of it."""
        self._unit.dead_letters.add(dead)
        self._outcomes.answer(received, failure(dead, received))
        return DEAD

    def _announce(self, received: Received, status: Status, event: Event) -> Ending:
        outcome = self._outcomes.announce(received, event)
        return self._record(received, status, outcome=outcome)

    def _record(
        self,
        received: Received,
        status: Status,
        *,
        attempt: int | None = None,
        outcome: OutgoingMessage | None = None,
    ) -> Ending:
        command_id = received.command_id
        assert command_id is not None
        known = self._unit.inbox.get(command_id)
        attempt = attempt or (known.attempt if known else 1)
        if known and known.status == RETRYING:
            self._unit.retries.settled(command_id)
        entry = InboxEntry(command_id, received.digest, status, attempt, outcome)
        self._unit.inbox.record(entry)
        return status


def _has_expired(message: Message, queue: str) -> bool:
    """Tell whether the last that happened to the message is that it expired in this queue.

    Brokers put the latest death first. Senders can put anything there, or what another queue did.
    """
    deaths = message.headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else None
    if not isinstance(latest, dict):
        return False
    return latest.get("queue") == queue and latest.get("reason") == "expired"

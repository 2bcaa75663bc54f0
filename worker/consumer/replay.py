"""Giving a dead letter another chance."""

from persistence.dead_letters import DeadLetterView
from persistence.endings import FAILED, RETRYING
from persistence.exceptions import Collision
from persistence.inbox import InboxEntry
from persistence.messages import StoredCommand
from persistence.unit_of_work import UnitOfWork
from schemas.exceptions import Undecodable
from worker.amqp.wire import (
    ATTEMPT_HEADER,
    FIRST_HEADER,
    HISTORY_HEADER,
    properties_of_command,
    received,
)
from worker.component import Component
from worker.consumer.reading import Reader, Received
from worker.exceptions import NotReplayable
from worker.relay.unsendable import SENT_AS, put_back
from worker.senders import NOT_ALLOWED, why_not_allowed


def replay(component: Component, letter_id: int) -> None:
    """Open the letter's command again and have the relay send it; the letter goes.

    A letter that was an event or a reply goes back to the outbox, behind what is there.
    Raises `NotReplayable` where that could not succeed; nothing is changed then.
    """
    try:
        _replay(component, letter_id)
    except Collision:
        _replay(component, letter_id)  # somebody was faster: read again what that one has left


def _replay(component: Component, letter_id: int) -> None:
    with component.unit_of_work() as unit:
        letter = unit.dead_letters.take(letter_id)
        if letter is None:
            raise NotReplayable(f"There is no dead letter {letter_id}.")
        if letter.body_bytes > len(letter.body):
            raise NotReplayable(
                "Only the beginning of its body was kept; its sender must send it again."
            )
        if SENT_AS in letter.properties:
            put_back(unit, letter.type or "", letter.body, letter.properties)
        else:
            _send_again(unit, letter, _readable(component, letter))
        unit.commit()


def _send_again(unit: UnitOfWork, letter: DeadLetterView, received: Received) -> None:
    entry = _opened(unit, received)
    unit.inbox.record(entry)
    # The number of the attempt goes on from the last one. If it began again at 1, an old copy of
    # the command that is still in a queue would pass for the new attempt.
    marks = {ATTEMPT_HEADER: entry.attempt, FIRST_HEADER: entry.attempt, HISTORY_HEADER: ""}
    headers = {**letter.properties.get("headers", {}), **marks}
    command = StoredCommand(letter.body, {**letter.properties, "headers": headers})
    unit.retries.add(command, unit.now(), entry.command_id, entry.attempt)


def _readable(component: Component, letter: DeadLetterView) -> Received:
    """Return what the consumers will read, which may be more than a release before could."""
    properties = properties_of_command(StoredCommand(letter.body, letter.properties))
    reader = Reader(component.codec, component.settings.max_message_bytes)
    result = reader.read(received(properties, letter.body))
    _require_allowed(component, letter)
    if result.is_event:  # which a release before took for a command
        raise NotReplayable("It is an event of some component, and no command.")
    if isinstance(result.fault, Undecodable):
        raise NotReplayable(f"It still cannot be read ({result.fault.kind}): {result.fault.reason}")
    return result


def _require_allowed(component: Component, letter: DeadLetterView) -> None:
    """Refuse what its sender may not send today either; only a first delivery is asked for that."""
    user, senders = letter.properties.get("user_id"), component.settings.allowed_senders
    reason = why_not_allowed(senders, letter.type or "", user)
    if letter.kind == NOT_ALLOWED and reason:
        raise NotReplayable(f"{reason} Let ALLOWED_SENDERS name its sender first.")


def _opened(unit: UnitOfWork, received: Received) -> InboxEntry:
    """Return the inbox entry of a command that waits for its next attempt."""
    assert received.command_id is not None  # where there is none, the fault said so
    unit.inbox.read([received.command_id])
    known = unit.inbox.get(received.command_id)
    if known is None:  # forgotten by now
        return InboxEntry(received.command_id, received.digest, RETRYING, 1, None)
    if known.status != FAILED:
        raise NotReplayable(f"The command {known.command_id} is {known.status}; that stands.")
    if not received.has_digest(known.digest):
        raise NotReplayable(
            f"Another content came first as the command {known.command_id};"
            " this one must be sent under a command_id of its own."
        )
    return InboxEntry(known.command_id, known.digest, RETRYING, known.attempt + 1, None)

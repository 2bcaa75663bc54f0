"""Giving a dead letter another chance."""

from datetime import UTC, datetime

from persistence.dead_letters import DeadLetterView
from persistence.inbox import FAILED, RETRYING, InboxEntry
from persistence.messages import StoredCommand
from persistence.unit_of_work import UnitOfWork
from worker.exceptions import NotReplayable
from worker.unsendable import SENT_AS, put_back
from worker.wire import ATTEMPT_HEADER


def replay(unit: UnitOfWork, letter_id: int) -> None:
    """Open the letter's command again and have the relay send it; the letter goes.

    A letter that was an event or a reply goes back to the outbox, behind what is there.

    Raises `NotReplayable`; the caller commits.
    """
    letter = unit.dead_letters.take(letter_id)
    if letter is None:
        raise NotReplayable(f"There is no dead letter {letter_id}.")
    if letter.body_bytes > len(letter.body):
        raise NotReplayable(
            "Only the beginning of its body was kept; its sender must send it again."
        )
    if SENT_AS in letter.properties:
        put_back(unit, letter.type or "", letter.body, letter.properties)
        return
    headers = letter.properties.get("headers", {})
    if letter.command_id is not None:
        headers = {**headers, **_open_again(unit, letter)}
    command = StoredCommand(letter.body, {**letter.properties, "headers": headers})
    unit.retries.add(command, due_at=datetime.now(UTC))


def _open_again(unit: UnitOfWork, letter: DeadLetterView) -> dict[str, int]:
    """Let the inbox wait for a first attempt; return the header that marks it."""
    assert letter.command_id is not None
    unit.inbox.read([letter.command_id])
    known = unit.inbox.get(letter.command_id)
    if known is None:
        return {}  # forgotten by now: it comes as a new command
    if known.status != FAILED:
        raise NotReplayable(f"The command {letter.command_id} is {known.status}; that stands.")
    unit.inbox.record(InboxEntry(known.command_id, known.digest, RETRYING, 1, None))
    return {ATTEMPT_HEADER: 1}

"""Sending dead letters again, in one transaction: they go, their commands wait to be sent."""

from collections.abc import Sequence
from typing import NamedTuple

from persistence.dead_letters import DeadLetterView
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.reading import first_tried
from persistence.endings import FAILED, RETRYING
from persistence.exceptions import Collision
from persistence.inbox import InboxEntry
from persistence.messages import ORIGIN_HEADER, StoredCommand
from persistence.operations import Replayed, keep_sent
from persistence.unit_of_work import UnitOfWork
from worker.amqp.wire import ATTEMPT_HEADER, FIRST_HEADER, HISTORY_HEADER
from worker.component import Component
from worker.consumer.reading import Received
from worker.dead.letters import LetterReader
from worker.exceptions import NotReplayable
from worker.relay.unsendable import put_back


class Sent(NamedTuple):
    """What was sent; `put_back`: how many events and replies; `left`: the others, and why."""

    replayed: list[Replayed]
    put_back: int
    left: dict[int, str]


def replay(component: Component, letter_id: int, operation_id: int | None = None) -> None:
    """Open the letter's command again and have the relay send it; the letter goes.

    A letter that was an event or a reply goes back to the outbox, behind what is there.
    Raises `NotReplayable` where that could not succeed; nothing is changed then.
    """
    sent = _again_where_somebody_was_faster(component, [letter_id], operation_id, tries=None)
    if letter_id in sent.left:
        raise NotReplayable(sent.left[letter_id])


def replay_batch(component: Component, letter_ids: Sequence[int], operation_id: int) -> Sent:
    """Do so with several, for an operation; one that cannot be sent costs the others nothing.

    Each command is tried once: it has had its attempts, and whoever waits shall know soon.
    """
    try:
        return _replay(component, letter_ids, operation_id, tries=1)
    except Collision:
        each = [
            _again_where_somebody_was_faster(component, [letter_id], operation_id, tries=1)
            for letter_id in letter_ids
        ]
    replayed = [command for sent in each for command in sent.replayed]
    left = {letter_id: why for sent in each for letter_id, why in sent.left.items()}
    return Sent(replayed, sum(sent.put_back for sent in each), left)


def send_again(unit: UnitOfWork, letter: DeadLetterView, entry: InboxEntry, first: int) -> None:
    """Have the relay send the command of a letter, for the attempt that the entry waits for.

    `first`: the attempt from which `MAX_ATTEMPTS` counts.
    """
    unit.inbox.record(entry)
    marks = {
        ATTEMPT_HEADER: entry.attempt,
        FIRST_HEADER: first,
        HISTORY_HEADER: "",
        ORIGIN_HEADER: first_tried(letter),
    }
    headers = {**letter.properties.get("headers", {}), **marks}
    command = StoredCommand(letter.body, {**letter.properties, "headers": headers})
    unit.retries.add(command, unit.now(), entry.command_id, entry.attempt)


def _again_where_somebody_was_faster(
    component: Component, letter_ids: Sequence[int], operation_id: int | None, tries: int | None
) -> Sent:
    try:
        return _replay(component, letter_ids, operation_id, tries)
    except Collision:
        return _replay(component, letter_ids, operation_id, tries)  # reads what that one has left


def _replay(
    component: Component, letter_ids: Sequence[int], operation_id: int | None, tries: int | None
) -> Sent:
    with component.unit_of_work() as unit:
        letters = unit.dead_letters.lock(letter_ids)
        left: dict[int, str] = {}
        read: dict[int, Received | None] = {}
        reader = LetterReader(component)
        for letter_id in letter_ids:
            try:
                read[letter_id] = reader.read(_there(letters, letter_id))
            except NotReplayable as error:
                left[letter_id] = str(error)
        unit.inbox.read([r.command_id for r in read.values() if r and r.command_id])
        replayed = []
        for letter_id, received in read.items():
            try:
                replayed += _sent(component, unit, letters[letter_id], received, tries)
            except NotReplayable as error:
                left[letter_id] = str(error)
        gone = [letter_id for letter_id in read if letter_id not in left]
        sent = Sent(replayed, len(gone) - len(replayed), left)
        if gone:
            unit.dead_letters.remove_all(gone)
            if operation_id is not None:
                keep_sent(unit.session, operation_id, sent.replayed, sent.put_back)
            unit.commit()
    return sent


def _there(letters: dict[int, DeadLetterView], letter_id: int) -> DeadLetterView:
    if letter_id not in letters:
        raise NotReplayable(f"There is no dead letter {letter_id}.")
    return letters[letter_id]


def _sent(
    component: Component,
    unit: UnitOfWork,
    letter: DeadLetterView,
    received: Received | None,
    tries: int | None,
) -> list[Replayed]:
    """Send what the letter holds; return the command that it is, if it is one."""
    if received is None:
        put_back(unit, letter.type or "", letter.body, letter.properties)
        return []
    entry, first = _opened(unit, received), None
    if tries is not None:
        # All attempts but so many count as made.
        made = component.settings.max_attempts - tries
        entry = entry._replace(attempt=max(entry.attempt, made + 1))
        first = entry.attempt - made
    # The number of the attempt goes on from the last one. If it began again at 1, an old copy of
    # the command that is still in a queue would pass for the new attempt.
    send_again(unit, letter, entry, first or entry.attempt)
    return [Replayed(entry.command_id, cause(letter))]


def cause(letter: DeadLetterView) -> str:
    """Return the letter's fingerprint, also where an older release has written none."""
    made = fingerprint(letter.kind, letter.type, letter.reason, letter.traceback)
    return letter.fingerprint or made


def _opened(unit: UnitOfWork, received: Received) -> InboxEntry:
    """Return the inbox entry of a command that waits for its next attempt."""
    assert received.command_id is not None  # where there is none, the fault said so
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

"""Sending dead letters again, in one transaction: they go, their commands wait to be sent."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from persistence.dead_letters import DeadLetterView
from persistence.dead_letters.fingerprint import fingerprint
from persistence.dead_letters.reading import origin
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
        ORIGIN_HEADER: origin(letter),
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
        replay = _Transaction(component, unit, tries)
        replay.send(letters, letter_ids)
        sent = Sent(replay.replayed, len(replay.gone) - len(replay.replayed), replay.left)
        if replay.gone:
            unit.dead_letters.remove_all(replay.gone)
            if operation_id is not None:
                keep_sent(unit.session, operation_id, sent.replayed, sent.put_back)
            unit.commit()
    return sent


class _Transaction:
    """Letters that are sent together: which of them go, and why others do not."""

    def __init__(self, component: Component, unit: UnitOfWork, tries: int | None) -> None:
        self._reader = LetterReader(component)
        self._max_attempts = component.settings.max_attempts
        self._unit = unit
        self._tries = tries
        self.replayed: list[Replayed] = []
        self.gone: list[int] = []
        self.left: dict[int, str] = {}

    def send(self, letters: Mapping[int, DeadLetterView], letter_ids: Sequence[int]) -> None:
        read: dict[int, Received | None] = {}
        for letter_id in letter_ids:
            with self._leaving(letter_id):
                if letter_id not in letters:
                    raise NotReplayable(f"There is no dead letter {letter_id}.")
                read[letter_id] = self._reader.read(letters[letter_id])
        self._unit.inbox.read([r.command_id for r in read.values() if r and r.command_id])
        for letter_id, received in read.items():
            with self._leaving(letter_id):
                self._send(letters[letter_id], received)
                self.gone.append(letter_id)

    @contextmanager
    def _leaving(self, letter_id: int) -> Iterator[None]:
        """Leave a letter as it is that cannot be sent."""
        try:
            yield
        except NotReplayable as error:
            self.left[letter_id] = str(error)

    def _send(self, letter: DeadLetterView, received: Received | None) -> None:
        if received is None:
            put_back(self._unit, letter.type or "", letter.body, letter.properties)
            return
        entry = _opened(self._unit, received)
        first = entry.attempt
        if self._tries is not None:  # all attempts but so many count as made
            made = self._max_attempts - self._tries
            entry = entry._replace(attempt=max(entry.attempt, made + 1))
            first = entry.attempt - made
        # The number of the attempt goes on from the last one. If it began again at 1, an old copy
        # of the command that is still in a queue would pass for the new attempt.
        send_again(self._unit, letter, entry, first)
        self.replayed.append(Replayed(entry.command_id, cause(letter)))


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

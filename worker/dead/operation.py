"""Replaying many dead letters: in batches that grow, and stop when the same failure comes again."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, repeat
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from persistence.dead_letters import DeadLetterViews
from persistence.endings import FAILED
from persistence.exceptions import PersistenceError
from persistence.operations import (
    BROKEN_OFF,
    CANCELLED,
    DONE,
    STOPPED,
    Operation,
    Operations,
)
from persistence.settling import Result, settle
from worker.component import Component
from worker.dead.correcting import replay_corrected
from worker.dead.letters import LetterReader
from worker.dead.line import Line
from worker.dead.replay import Sent, replay, replay_batch
from worker.exceptions import NotReplayable, Stopped

SIZES = 1, 2, 5, 20, 50, 200, 500  # of the batches; the last again and again
FIRST_LOOK, LAST_LOOK = 0.01, 0.25  # seconds between looks for what came of a batch
TOUCH = 20.0  # seconds after which the operation's row hears that somebody is there

# Hears of each change, and now and then; `quiet`: seconds since the last one. May raise `Stopped`.
Watch = Callable[[Operation, float], None]


class Replaying:
    """One operation: these letters and no others, whatever comes in meanwhile."""

    def __init__(
        self,
        component: Component,
        ids: Sequence[int],
        watch: Watch,
        *,
        rate: float | None = None,
    ) -> None:
        """`ids` in the order in which they are to be sent; `rate`: how many a second at most."""
        self._component = component
        self._name = component.settings.component_name
        self._letters = DeadLetterViews(component.database, self._name)
        self._operations = Operations(component.database, self._name)
        self._reader = LetterReader(component)
        self._ids = ids
        self._watch = watch
        self._rate = rate
        self._causes: set[str] = set()  # of letters that were sent, or failed again
        self.left: dict[int, str] = {}  # letters that could not be sent, and why
        self._id = 0

    def run(self, actor: str, selection: dict[str, Any]) -> Operation:
        """Replay until the end, until the same failure comes again or a stop is asked for.

        `selection`: what was chosen, to be told later. A stop is Ctrl-C, or `Stopped` raised by
        who watches; what was sent stays sent.
        """
        self._id = self._operations.begin(actor, selection, len(self._ids))
        try:
            cause = self._send_batches()
            state = STOPPED if cause else DONE
            reason = f"The same failure came again: group {cause}." if cause else None
        except (KeyboardInterrupt, Stopped):
            state, reason = CANCELLED, "Somebody wanted no more."
        except PersistenceError as error:
            with suppress(PersistenceError):  # the first one says more; the row shows its age
                self._end(BROKEN_OFF, str(error))
            raise
        return self._end(state, reason)

    def _send_batches(self) -> str | None:
        """Return the fingerprint of the failure that came again, None at the end."""
        line, started, count = Line(self._ids, self._owners), monotonic(), 0
        for size in self._sizes():
            ids = line.take(size)
            if not ids:
                return None
            if self._rate:
                sleep(max(0, started + count / self._rate - monotonic()))
            count += len(ids)
            sent = replay_batch(self._component, ids, self._id)
            self.left |= sent.left
            self._operations.note(self._id, skipped=len(self.left))
            if cause := self._repeated(sent, self._outcomes()):
                return cause
        return None

    def _sizes(self) -> Iterator[int]:
        most = max(1, int(self._rate)) if self._rate else SIZES[-1]
        return (min(size, most) for size in chain(SIZES, repeat(SIZES[-1])))

    def _owners(self, ids: Sequence[int]) -> Mapping[int, Hashable]:
        return {letter.id: self._reader.owner(letter) for letter in self._letters.these(ids)}

    def _outcomes(self) -> list[Result]:
        """Wait until each command of a batch has ended, and return how."""
        results: list[Result] = []
        changed = touched = monotonic()
        pause = FIRST_LOOK
        while self._tell(changed).waiting:
            if news := settle(self._component.database, self._name, self._id):
                results += news
                changed, pause = monotonic(), FIRST_LOOK
                continue
            sleep(pause)
            pause = min(pause * 1.5, LAST_LOOK)
            if monotonic() - touched > TOUCH:
                self._operations.note(self._id)
                touched = monotonic()
        return results

    def _repeated(self, sent: Sent, results: list[Result]) -> str | None:
        """Return the fingerprint of a failure that was known before these commands failed."""
        self._causes |= {command.fingerprint for command in sent.replayed}
        again = None
        for result in results:
            if result.status == FAILED and result.failure:
                again = result.failure if result.failure in self._causes else again
                self._causes.add(result.failure)
        return again

    def _tell(self, changed: float) -> Operation:
        operation = self._operations.find(self._id)
        self._watch(operation, monotonic() - changed)
        return operation

    def _end(self, state: str, reason: str | None) -> Operation:
        self._operations.end(self._id, state, reason, len(self.left))
        return self._operations.find(self._id)


def replay_one(
    component: Component, letter_id: int, actor: str, body: bytes | None = None
) -> UUID | None:
    """Send one letter again, and wait for nothing; the operation tells later what came of it.

    `body`: a corrected one, whose new command id is returned. Raises `NotReplayable`.
    """
    operations = Operations(component.database, component.settings.component_name)
    selection = {"ids": [letter_id]} | ({"corrected": True} if body is not None else {})
    operation_id = operations.begin(actor, selection, asked=1)
    command_id = None
    try:
        if body is None:
            replay(component, letter_id, operation_id)
        else:
            command_id = replay_corrected(component, letter_id, body, operation_id)
    except NotReplayable as error:
        operations.end(operation_id, DONE, str(error), skipped=1)
        raise
    operations.end(operation_id, DONE, None, skipped=0)
    return command_id

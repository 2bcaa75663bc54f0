"""From deliveries to commits: a batch that cannot pass as it is becomes smaller, and waits."""

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from time import monotonic
from typing import NoReturn
from uuid import UUID

from persistence.exceptions import (
    Conflict,
    Doubtful,
    PersistenceError,
    Silent,
    StorageUnavailable,
    TooSlow,
)
from persistence.probe import require_write
from worker.amqp.intake import Intake
from worker.component import Component
from worker.consumer.endings import Endings
from worker.consumer.held import Group, Held, Item, in_order
from worker.consumer.pace import Pace
from worker.consumer.processor import Processor
from worker.consumer.reading import Reader, Received
from worker.consumer.verdict import Verdict, judge, waits

# The server ends a statement of ours at 0.9 of our deadline. One that ended before this share of
# the deadline was therefore ended by somebody else.
_CANCELLED = 0.8

Settle = Callable[[Sequence[Received], float | None], Endings]
Hear = Callable[[Sequence[Received]], None]

REMEMBERED = 16  # batches that failed in an outage, to be rehearsed before more are taken


def _nobody_listens(settled: Sequence[Received]) -> None:
    """Do nothing: who gives commands up need not know whose they were."""


class Batches:
    """Settles what an intake brings, in its order but for what waits for a lock.

    `failed` is what could not be tried to its end because the database was away.
    """

    def __init__(
        self,
        component: Component,
        intake: Intake,
        pace: Pace,
        held: Held,
        hear: Hear = _nobody_listens,
    ) -> None:
        """`pace` and `held` are what was learned on an earlier connection.

        `hear` is told of all that was settled.
        """
        self._component = component
        self._intake = intake
        self._pace = pace
        self._processor = Processor(component)
        self._settle, self._postpone = self._ways(self._processor)
        self._reader = Reader(component.codec, component.settings.max_message_bytes)
        self._left: deque[Item] = deque()  # taken, but to be tried again
        self._tried_again = False  # the whole batch, because of another transaction
        self._cancelled_before = _CANCELLED * component.settings.database_deadline
        self._held = held
        held.reconnected()
        self._hear = hear
        self._away = False  # the last batch failed as it does where the database is away
        self._writes = False  # a write of our own has passed since
        self.failed: deque[Sequence[Received]] = deque(maxlen=REMEMBERED)

    def _ways(self, processor: Processor) -> tuple[Settle, Settle]:
        """Return how commands are settled, and how those that have waited too long."""
        return processor.apply, processor.postpone

    @property
    def unsettled(self) -> bool:
        return bool(self._left or self._held or self._intake)

    @property
    def idle(self) -> float:
        """Return for how many seconds there is nothing to do."""
        if self._left or self._intake.ready or self._crowd:
            return 0.0
        return max(0.0, self._held.seconds) if self._held else inf

    @property
    def all_wait(self) -> bool:
        """Tell whether nothing goes on because of locks."""
        return self._held.everything

    def step(self, patience: float) -> Endings:
        """Try what is next, and return how it ended; empty where it is to be tried otherwise.

        Raises a `PersistenceError` where all have to wait. What waits for a lock
        longer than `patience` seconds is sent again later.
        """
        self._expect_write()
        if crowd := self._crowd:
            return self._thin(crowd)
        if self._held and self._held.seconds <= 0:
            return self._try_held(patience)
        batch, joined = self._next()
        if not batch:
            return Endings()
        began = monotonic()
        try:
            endings = self._settle([item.received for item in batch], self._held.lock_wait)
        except PersistenceError as error:
            return self._otherwise(batch, error, monotonic() - began)
        self._pace.took(endings.total() + joined, monotonic() - began)
        return self._done(batch, endings)

    def _expect_write(self) -> None:
        """Raise while the database is away. What fails again when it is there fails by itself.

        One command's trigger may ask another server, or want more than the database allows.
        """
        if self._away and not self._writes:
            require_write(self._component.database)
            self._writes = True

    def _next(self) -> tuple[list[Item], int]:
        """Return what is to be tried now, and how many more joined others that wait."""
        size = self._pace.size
        if self._left:
            batch = self._first_left(size)
        elif self._intake.ready:
            read = self._reader.read
            batch = [Item(delivery, read(delivery.message)) for delivery in self._intake.take(size)]
        else:
            batch = []
        if not self._held:
            return batch, 0
        free = [item for item in batch if not self._held.join(self._key(item), item)]
        return free, len(batch) - len(free)

    def _first_left(self, size: int) -> list[Item]:
        """Return the first of those that are tried again; a suspect alone, as it was taken."""
        batch = [self._left.popleft()]
        while self._left and len(batch) < size:
            if batch[0].delivery.suspect or self._left[0].delivery.suspect:
                break
            batch.append(self._left.popleft())
        return batch

    def _key(self, item: Item) -> UUID | int:
        """Return what tells commands apart that may overtake each other."""
        command = item.received.command
        if command:
            return self._component.aggregate_id(command)
        return item.received.command_id or item.delivery.tag

    def _done(self, batch: Sequence[Item], endings: Endings) -> Endings:
        """Acknowledge what was committed: the first so many. There was no time for the others."""
        done = endings.total()
        self._intake.acknowledge([item.delivery for item in batch[:done]])
        self._hear([item.received for item in batch[:done]])
        self._put_back(batch[done:])
        self.failed.clear()
        if not self._left:  # else somebody in there is to blame
            self._away = self._writes = False
        self._held.success()
        self._tried_again = False
        return endings

    def _put_back(self, items: Sequence[Item]) -> None:
        self._left = deque(in_order([*items, *self._left]))

    def _otherwise(self, batch: Sequence[Item], error: PersistenceError, seconds: float) -> Endings:
        """Do with the batch what the error asks for."""
        alone, early = len(batch) == 1, seconds < self._cancelled_before
        if self._writes and _says_that_it_is_away(error):
            error = Doubtful(str(error))
        verdict = judge(error, alone=alone, early=early, again=self._tried_again)
        self._tried_again = verdict is Verdict.AGAIN
        if verdict is not Verdict.AGAIN and waits(error, alone=alone, early=early):
            self._held.conflict(len(batch))
        if verdict is Verdict.HOLD:
            return self._hold(batch[0], error)
        if verdict is Verdict.COUNT:
            return self._count_failure(batch[0], error)
        if verdict is Verdict.OUTAGE:
            self._fail(batch, error)
        self._put_back(batch)
        if verdict is Verdict.SMALLER:
            self._be_smaller(len(batch), error, seconds)
        return Endings()

    def _be_smaller(self, commands: int, error: PersistenceError, seconds: float) -> None:
        if isinstance(error, TooSlow | Silent):
            self._pace.too_slow(commands, seconds)
        else:
            self._pace.halve(commands)

    def _fail(self, batch: Sequence[Item], error: PersistenceError) -> NoReturn:
        """Keep the batch, and let all wait."""
        self._put_back(batch)
        self._remember([item.received for item in batch])
        self._away, self._writes = True, False
        raise error

    def _remember(self, failed: Sequence[Received]) -> None:
        if failed not in self.failed:
            self.failed.append(failed)

    def _count_failure(self, item: Item, error: PersistenceError) -> Endings:
        try:
            endings = self._processor.count_failure(item.received, error)
        except PersistenceError as again:
            # The database refuses even the dead letter. We hold the message rather than lose it.
            reason = f"a refused command cannot be stored: {again}"
            self._fail([item], StorageUnavailable(reason))
        return self._done([item], endings)

    def _hold(self, item: Item, error: PersistenceError) -> Endings:
        """Set aside what waits, for a lock or whatever it is, unless all wait for it."""
        if not self._writes and (away := self._why_no_write()):
            self._fail([item], StorageUnavailable(str(away)))
        self._writes = False  # the next one may fail because the database is away by now
        self._held.add(self._key(item), item)
        if not self._component.settings.single_active_consumer:
            # To raise the prefetch, we cancel our consumer for a moment. With a single active
            # consumer, the broker would make another one active in that moment.
            self._intake.keep(item.delivery)
        if self._nobody_passes:
            self._remember([item.received])
            raise error
        return Endings()

    @property
    def _nobody_passes(self) -> bool:
        """Tell whether all were tried and wait: that is an outage, and no matter of some rows."""
        return self._held.hopeless and not (self._left or self._intake.ready)

    @property
    def _crowd(self) -> Group | None:
        """Return the group that is to be thinned: so much is held that soon nothing else comes.

        Where order counts all have to wait: sent again, they would be overtaken. Where nobody
        passes at all, it is an outage, in which everything is kept.
        """
        settings = self._component.settings
        if settings.single_active_consumer or self._held.hopeless:
            return None
        if len(self._held) <= settings.prefetch_count / 2:
            return None
        largest = self._held.largest
        return largest if len(largest.items) > 1 else None

    def _thin(self, crowd: Group) -> Endings:
        """Have commands sent again later, so that others are delivered."""
        some = crowd.items[1 : self._pace.size + 1]
        try:
            endings = self._postpone([item.received for item in some], self._held.lock_wait)
        except (StorageUnavailable, Conflict):
            raise
        except PersistenceError:
            # Often another consumer has just settled a copy. Whatever it is, it is found as with
            # any other command.
            self._held.thin(crowd, len(some))
            self._put_back(some)
            return Endings()
        done = some[: endings.total()]
        self._held.thin(crowd, len(done))
        self._intake.acknowledge([item.delivery for item in done])
        return endings

    def _try_held(self, patience: float) -> Endings:
        """Try the first of a group; the others of the group follow when it has passed."""
        group = self._held.next()
        received = [item.received for item in group.items]
        lock_wait = self._held.lock_wait
        # A command that we send again comes behind those that are delivered already. Where the
        # order counts, it must wait here instead.
        ordered = self._component.settings.single_active_consumer
        overdue = not ordered and monotonic() > group.since + patience
        try:
            if overdue:
                endings = self._postpone(received, lock_wait)
            else:
                endings = self._settle(received[:1], lock_wait)
        except PersistenceError as error:
            if not self._waits_still(error):
                # They go back among the others, where we find out what is wrong with them.
                self._put_back(self._held.release())
                return Endings()
            self._held.later(error, self._component)
            if self._nobody_passes:
                raise
            return Endings()
        return self._done(self._held.release(), endings)

    def _waits_still(self, error: PersistenceError) -> bool:
        """Tell whether it is only this command that does not pass."""
        if isinstance(error, Conflict | Doubtful):
            return True
        return _says_that_it_is_away(error) and not self._why_no_write()

    def _why_no_write(self) -> PersistenceError | None:
        try:
            require_write(self._component.database)
        except PersistenceError as away:
            return away
        return None


def _says_that_it_is_away(error: PersistenceError) -> bool:
    return isinstance(error, StorageUnavailable) and not isinstance(error, TooSlow)

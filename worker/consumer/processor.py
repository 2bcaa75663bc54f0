"""The heart: a batch of received messages becomes one transaction."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import NamedTuple

import structlog

from domain.messages import Command
from persistence.exceptions import NotUndone, PersistenceError
from persistence.unit_of_work import UnitOfWork
from worker.composition import Component
from worker.consumer.memory import Collector
from worker.consumer.reading import Received
from worker.consumer.settlement import Settlement

log = structlog.get_logger()

Settle = Callable[[Settlement, Received], str]


class _Work(NamedTuple):
    unit: UnitOfWork
    settlement: Settlement
    endings: Counter[str]


class Processor:
    """Applies batches: everything in a batch is committed together, or nothing is.

    Methods return how many commands ended in which way, or raise a `PersistenceError`: nothing is
    committed then (or nobody knows), and the batch may be given again.
    """

    def __init__(self, component: Component) -> None:
        self._component = component
        self._seconds = component.settings.batch_seconds
        self._collector = Collector()

    def apply(self, batch: Sequence[Received], lock_wait: float | None = None) -> Counter[str]:
        """Apply commands; one that fails is settled and costs its neighbours nothing.

        What there is no time for is left: the first so many of the batch are done.
        `lock_wait`: seconds to wait for a lock, where not as long as the database does anyway.
        """
        return self._commit(batch, _settle, lock_wait, _commands(batch))

    def rehearse(self, batch: Sequence[Received]) -> None:
        """Do all that `apply` does, and take it back."""
        self._twice_at_most(UnitOfWork.rehearse, batch, _settle, None, _commands(batch))

    def refuse(self, received: Received, error: PersistenceError) -> Counter[str]:
        """Settle a command whose changes the database refused when it was alone."""
        return self._commit([received], lambda settlement, r: settlement.refused(r, error))

    def postpone(self, batch: Sequence[Received], lock_wait: float | None = None) -> Counter[str]:
        """Have commands sent again later that could not be tried yet."""
        return self._commit(batch, lambda settlement, r: settlement.postponed(r), lock_wait)

    def crash(self, batch: Sequence[Received], lock_wait: float | None = None) -> Counter[str]:
        """Settle commands that ended every process that took them."""
        return self._commit(batch, lambda settlement, r: settlement.crashed(r), lock_wait)

    def _commit(
        self,
        batch: Sequence[Received],
        settle: Settle,
        lock_wait: float | None = None,
        commands: Sequence[Command] = (),
    ) -> Counter[str]:
        self._collector.handled(sum(received.message.size for received in batch))
        work = self._twice_at_most(UnitOfWork.commit, batch, settle, lock_wait, commands)
        work.settlement.report()
        return work.endings

    def _twice_at_most(
        self,
        end: Callable[[UnitOfWork], None],
        batch: Sequence[Received],
        settle: Settle,
        lock_wait: float | None,
        commands: Sequence[Command],
    ) -> _Work:
        """Do it again where memory cannot undo a command: only then are savepoints worth it."""
        try:
            with self._work(batch, settle, lock_wait, commands) as work:
                end(work.unit)
        except NotUndone as error:
            log.debug("again, with savepoints", commands=len(batch), because=str(error))
        else:
            return work
        with self._work(batch, settle, lock_wait, commands, savepoints=True) as work:
            end(work.unit)
        return work

    @contextmanager
    def _work(
        self,
        batch: Sequence[Received],
        settle: Settle,
        lock_wait: float | None,
        commands: Sequence[Command],
        *,
        savepoints: bool = False,
    ) -> Iterator[_Work]:
        """Give the transaction in which the commands were settled, for the block to end it."""
        with self._component.unit_of_work() as unit:
            if savepoints:
                unit.use_savepoints()
            if lock_wait is not None:
                unit.wait_for_locks(lock_wait)
            # Aggregates first: who waits for a lock then reads what its holder put into the inbox.
            handlers = self._component.handlers(unit)
            handlers.lock(commands)
            unit.inbox.read({received.command_id for received in batch if received.command_id})
            settlement = Settlement(unit, handlers, self._component)
            yield _Work(unit, settlement, self._settle(batch, settlement, settle))

    def _settle(
        self, batch: Sequence[Received], settlement: Settlement, settle: Settle
    ) -> Counter[str]:
        endings: Counter[str] = Counter()
        until = monotonic() + self._seconds
        for received in batch:
            ending = settle(settlement, received)
            endings[ending] += 1
            log.debug(
                "command settled",
                command_id=received.command_id,
                type=received.message.type,
                ending=ending,
            )
            if monotonic() > until:
                break
        return endings


def _commands(batch: Sequence[Received]) -> list[Command]:
    return [received.command for received in batch if received.command]


def _settle(settlement: Settlement, received: Received) -> str:
    return settlement.settle(received)

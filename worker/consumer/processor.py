"""The heart: a batch of received messages becomes one transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from logging import DEBUG
from time import monotonic

import structlog

from domain.messages import Command
from persistence.endings import Ending
from persistence.exceptions import NotUndone, PersistenceError
from persistence.unit_of_work import UnitOfWork
from worker.component import Component
from worker.consumer.endings import Endings
from worker.consumer.memory import Collector
from worker.consumer.naming import line_about
from worker.consumer.reading import Received
from worker.consumer.settlement import Settlement

log = structlog.get_logger()

Settle = Callable[[Received], Ending]


class Processor:
    """Applies batches: everything in a batch is committed together, or nothing is.

    Methods return how many commands ended in which way, or raise a `PersistenceError`: nothing is
    committed then (or nobody knows), and the batch may be given again.
    """

    def __init__(self, component: Component) -> None:
        self._component = component
        self._seconds = component.settings.batch_seconds
        self._queue = component.settings.command_queue
        self._collector = Collector()

    def apply(self, batch: Sequence[Received], lock_wait: float | None = None) -> Endings:
        """Apply commands; one that fails is settled and costs its neighbours nothing.

        What there is no time for is left: the first so many of the batch are done.
        `lock_wait`: seconds to wait for a lock, where not as long as the database does anyway.
        """
        headers = (received.message.headers for received in batch)
        with self._component.tracing.batch(self._queue, headers):
            return self._apply(batch, lock_wait)

    def _apply(self, batch: Sequence[Received], lock_wait: float | None) -> Endings:
        try:
            with self._committed(batch, lock_wait, _commands(batch)) as settlement:
                return self._settle(batch, settlement.settle)
        except NotUndone as error:
            _say_that_it_is_done_again(batch, error)
        with self._committed(batch, lock_wait, _commands(batch), savepoints=True) as settlement:
            return self._settle(batch, settlement.settle)

    def _traced(self, settle: Settle) -> Settle:
        def traced(received: Received) -> Ending:
            headers, message_id = received.message.headers, received.message.message_id
            with self._component.tracing.command(self._queue, headers, message_id):
                return settle(received)

        return traced

    def rehearse(self, batch: Sequence[Received]) -> None:
        """Do all that `apply` does, and take it back."""
        try:
            self._rehearse(batch)
        except NotUndone as error:
            _say_that_it_is_done_again(batch, error)
            self._rehearse(batch, savepoints=True)

    def count_failure(self, received: Received, error: PersistenceError) -> Endings:
        """Count a failed attempt of a command whose changes the database refuses."""
        with self._committed([received]) as settlement:
            return self._settle([received], partial(settlement.count_failure, error=error))

    def postpone(self, batch: Sequence[Received], lock_wait: float | None = None) -> Endings:
        """Have commands sent again later that could not be tried yet."""
        with self._committed(batch, lock_wait) as settlement:
            return self._settle(batch, settlement.postpone)

    def give_up(self, batch: Sequence[Received], lock_wait: float | None = None) -> Endings:
        """End commands that ended every process that took them."""
        with self._committed(batch, lock_wait) as settlement:
            return self._settle(batch, settlement.give_up)

    def _rehearse(self, batch: Sequence[Received], *, savepoints: bool = False) -> None:
        with self._begun(batch, None, _commands(batch), savepoints) as (unit, settlement):
            self._settle(batch, settlement.settle)
            unit.rehearse()

    @contextmanager
    def _committed(
        self,
        batch: Sequence[Received],
        lock_wait: float | None = None,
        commands: Sequence[Command] = (),
        *,
        savepoints: bool = False,
    ) -> Iterator[Settlement]:
        """Give a transaction to settle in; it is committed at the end of the block."""
        self._collector.handled(sum(received.message.size for received in batch))
        with self._begun(batch, lock_wait, commands, savepoints) as (unit, settlement):
            yield settlement
            unit.commit()
        settlement.failures.report()

    @contextmanager
    def _begun(
        self,
        batch: Sequence[Received],
        lock_wait: float | None,
        commands: Sequence[Command],
        savepoints: bool,
    ) -> Iterator[tuple[UnitOfWork, Settlement]]:
        """Give a transaction that knows all it needs to know of the batch."""
        with self._component.unit_of_work() as unit:
            if savepoints:
                unit.use_savepoints()
            if lock_wait is not None:
                unit.wait_for_locks(lock_wait)
            # We lock the aggregates before we read the inbox. Where we have to wait for a lock, we
            # then read what its holder has put into the inbox in the meantime.
            handlers = self._component.handlers(unit)
            handlers.lock(commands)
            unit.inbox.read({received.command_id for received in batch if received.command_id})
            yield unit, Settlement(unit, handlers, self._component)

    def _settle(self, batch: Sequence[Received], settle: Settle) -> Endings:
        endings = Endings()
        until = monotonic() + self._seconds
        if self._component.tracing.is_on:
            settle = self._traced(settle)
        each_is_told = log.is_enabled_for(DEBUG)
        for received in batch:
            ending = settle(received)
            endings.add(received.message, ending)
            if each_is_told:
                line = line_about(self._component, received, "command settled", ending=ending)
                log.debug(**line)
            if monotonic() > until:
                break
        return endings


def _commands(batch: Sequence[Received]) -> list[Command]:
    return [received.command for received in batch if received.command]


def _say_that_it_is_done_again(batch: Sequence[Received], error: NotUndone) -> None:
    log.debug("again, with savepoints", commands=len(batch), because=str(error))

"""The heart: a batch of received messages becomes one transaction."""

from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from domain.messages import Command
from persistence.exceptions import PersistenceError
from worker.composition import Component
from worker.memory import Collector
from worker.reading import Received
from worker.settlement import Settlement

log = structlog.get_logger()


class Processor:
    """Applies batches: everything in a batch is committed together, or nothing is.

    Every method returns how many commands ended in which way, or raises a `PersistenceError`:
    nothing is committed then (or nobody knows), and the batch may be given again.
    """

    def __init__(self, component: Component) -> None:
        self._component = component
        self._collector = Collector()

    def apply(self, batch: Sequence[Received]) -> Counter[str]:
        """Apply commands; one that fails is settled and costs its neighbours nothing."""
        commands = [received.command for received in batch if received.command]
        return self._commit(batch, commands, lambda settlement, r: settlement.settle(r))

    def refuse(self, received: Received, error: PersistenceError) -> Counter[str]:
        """Settle a command whose changes the database refused when it was alone."""
        return self._commit([received], [], lambda settlement, r: settlement.refused(r, error))

    def crash(self, batch: Sequence[Received]) -> Counter[str]:
        """Settle commands that ended every process that took them."""
        return self._commit(batch, [], lambda settlement, r: settlement.crashed(r))

    def _commit(
        self,
        batch: Sequence[Received],
        commands: Sequence[Command],
        settle: Callable[[Settlement, Received], str],
    ) -> Counter[str]:
        self._collector.handled(sum(received.message.size for received in batch))
        endings: Counter[str] = Counter()
        with self._component.unit_of_work() as unit:
            # Aggregates first: who waits for a lock then reads what its holder put into the inbox.
            handlers = self._component.handlers(unit)
            handlers.lock(commands)
            unit.inbox.read({received.command_id for received in batch if received.command_id})
            settlement = Settlement(unit, handlers, self._component)
            for received in batch:
                ending = settle(settlement, received)
                endings[ending] += 1
                log.debug(
                    "command settled",
                    command_id=received.command_id,
                    type=received.message.type,
                    ending=ending,
                )
            unit.commit()
        return endings

"""The process that takes commands from the queue."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import uniform
from time import monotonic, sleep

import structlog

from persistence.exceptions import (
    Collision,
    Conflict,
    PersistenceError,
    Refused,
    StorageUnavailable,
)
from worker.broker import Broker
from worker.composition import Component
from worker.exceptions import BrokerUnavailable, Stopped
from worker.health import Health
from worker.intake import BATCH_BYTES, Delivery, Intake
from worker.patience import Patience
from worker.processor import Processor
from worker.reading import Reader, Received
from worker.schema import require_schema
from worker.stop import StopFlag
from worker.topology import backstop_queue, declare

log = structlog.get_logger()

TICK = 1.0  # seconds: no wait is longer without a look at the stop flag and the heartbeats
# Seconds of database outage after which deliveries are held no longer: the broker would take back,
# after its own consumer timeout, what is held too long.
GIVE_BACK_AFTER = 300.0

Batch = Sequence[tuple[Delivery, Received]]
Settle = Callable[[Sequence[Received]], Counter[str]]


class _OutageTooLong(Exception):
    """What is held goes back to the queue, once; we come again when the database does."""


class Consumer:
    """Takes what has arrived, applies it in one transaction, and acknowledges it then."""

    def __init__(self, component: Component, stop: StopFlag, health: Health) -> None:
        self._component = component
        self._settings = component.settings
        self._processor = Processor(component)
        self._reader = Reader(component.codec, self._settings.max_message_bytes)
        self._stop = stop
        self._health = health
        self._broker: Broker | None = None
        self._commands: Intake | None = None
        self._patience_with_broker = Patience("the broker", BrokerUnavailable, self._hold)
        self._patience_with_database = Patience("the database", StorageUnavailable, self._hold)
        self._patience_with_others = Patience("a lock", Conflict, self._hold)

    def run(self) -> None:
        """Consume until the stop flag is set, then drain. Raises `SchemaBehind` at the start."""
        try:
            self._await_database()
            while not self._stop:
                self._serve(*self._patience_with_broker(self._open))
            log.info("stopped")
        except Stopped:
            log.info("stopped; what was not settled goes back to the queue")

    def _await_database(self) -> None:
        self._patience_with_database(lambda: require_schema(self._component.database))

    def _open(self) -> tuple[Broker, Intake, Intake]:
        settings = self._settings
        broker = Broker(
            settings.amqp_url, f"{settings.component_name} consumer", settings.heartbeat
        )
        with broker.unless_ready():
            declare(broker, settings)
            commands = Intake(broker, settings.command_queue, settings.prefetch_count)
            return broker, commands, Intake(broker, backstop_queue(settings), 1)

    def _serve(self, broker: Broker, commands: Intake, crashed: Intake) -> None:
        self._broker, self._commands = broker, commands
        try:
            with broker:
                self._consume(broker, commands, crashed)
        except BrokerUnavailable as error:
            self._patience_with_broker.lost(error)
        except _OutageTooLong:
            log.warning("gave back what was delivered, until the database is back")
        finally:
            self._broker = self._commands = None
            self._health.working(False)
        if self._patience_with_database.seconds:
            self._await_database()
        if not self._stop:
            self._hold(uniform(0.1, 0.5))  # noqa: S311 - consumers shall not come back in step

    def _consume(self, broker: Broker, commands: Intake, crashed: Intake) -> None:
        self._health.working(True)
        log.info("consuming", queue=self._settings.command_queue)
        while not self._stop:
            self._health.tick()
            self._gather(broker, commands, crashed)
            self._work(commands, self._processor.apply)
            self._work(crashed, self._processor.crash)
        self._health.working(False)
        self._drain(broker, commands, crashed)

    def _drain(self, broker: Broker, commands: Intake, crashed: Intake) -> None:
        """Work off what was delivered, and take no more."""
        log.info("draining", commands=len(commands.waiting))
        crashed.stop()
        if not self._settings.single_active_consumer:
            commands.stop()
        while commands.waiting or crashed.waiting:
            self._stop.check()
            self._work(commands, self._processor.apply)
            self._work(crashed, self._processor.crash)
        if self._settings.single_active_consumer:
            # Cancelled or closed in good order, we would hand over first, and be overtaken by the
            # next one with what we have not taken yet. Broken off, it goes back before that.
            broker.break_off()

    def _gather(self, broker: Broker, commands: Intake, crashed: Intake) -> None:
        """Wait for a delivery; then take all that has arrived: the busier, the larger the batch."""
        arrived = len(commands.waiting)
        broker.step(0 if arrived or crashed.waiting else TICK)
        room = self._settings.batch_size
        while arrived < len(commands.waiting) < room and commands.bytes < BATCH_BYTES:
            arrived = len(commands.waiting)
            broker.step(0)

    def _work(self, intake: Intake, settle: Settle) -> None:
        if not intake.waiting:
            return
        started = monotonic()
        deliveries = intake.take(self._settings.batch_size)
        batch = [(delivery, self._reader.read(delivery.message)) for delivery in deliveries]
        endings = self._settle(intake, batch, settle)
        seconds = monotonic() - started
        self._health.metrics.batches.observe(seconds)
        for ending, count in endings.items():
            self._health.metrics.commands.labels(ending).inc(count)
        log.info("batch", commands=len(batch), seconds=round(seconds, 4), **endings)

    def _settle(self, intake: Intake, batch: Batch, settle: Settle) -> Counter[str]:
        """Commit the batch and acknowledge it; where the database refuses it, its halves."""
        received = [message for _, message in batch]
        try:
            try:
                endings = self._patiently(lambda: settle(received))
            except Collision:
                # The other transaction has ended: reading again shows what it wrote.
                endings = self._patiently(lambda: settle(received))
        except (Collision, Refused) as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                first = self._settle(intake, batch[:middle], settle)
                return first + self._settle(intake, batch[middle:], settle)
            refusal = error
            endings = self._patiently(lambda: self._refuse(received[0], refusal))
        intake.settle(batch[-1][0])
        return endings

    def _refuse(self, received: Received, error: PersistenceError) -> Counter[str]:
        try:
            return self._processor.refuse(received, error)
        except (Collision, Refused) as again:
            # Not even the dead letter can be stored: hold the message rather than lose it.
            raise StorageUnavailable(f"a refused command cannot be stored: {again}") from again

    def _patiently(self, work: Callable[[], Counter[str]]) -> Counter[str]:
        return self._patience_with_database(lambda: self._patience_with_others(work))

    def _hold(self, seconds: float) -> None:
        """Wait; keep what was delivered and the connection alive meanwhile."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            self._health.tick()
            self._stop.check()
            if self._broker:
                if self._patience_with_database.seconds > GIVE_BACK_AFTER:
                    raise _OutageTooLong
                self._wait(min(left, TICK), self._broker)
            elif self._stop:
                raise Stopped  # nothing is held, so there is nothing to drain
            else:
                sleep(min(left, TICK))

    def _wait(self, seconds: float, broker: Broker) -> None:
        """Serve the connection; but read little where much waits, to hold a bounded amount."""
        if self._commands is None or self._commands.bytes < BATCH_BYTES:
            broker.step(seconds)
        else:
            broker.step()
            sleep(seconds)

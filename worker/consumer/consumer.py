"""The process that takes commands from the queue."""

from contextlib import closing
from functools import partial
from random import uniform
from time import monotonic

import structlog

from persistence.exceptions import PersistenceError
from worker.amqp.broker import Broker
from worker.amqp.intake import BATCH_BYTES, Intake
from worker.amqp.topology import declare
from worker.component import Component
from worker.consumer.backstop import Backstop
from worker.consumer.batches import Batches
from worker.consumer.counting import Counting
from worker.consumer.endings import Endings
from worker.consumer.held import Held
from worker.consumer.pace import Pace
from worker.consumer.senders import Senders
from worker.consumer.storage import Storage
from worker.exceptions import BrokerUnavailable, Stopped
from worker.runtime.health import Health
from worker.runtime.patience import Patience
from worker.runtime.pause import Pause
from worker.runtime.stop import StopFlag

log = structlog.get_logger()

BREATH = 0.1  # seconds between two looks for more while as much is held as may be
# Seconds of database outage after which we give deliveries back. The broker has a timeout of its
# own, after which it would end the channel of a consumer that acknowledges nothing.
GIVE_BACK_AFTER = 300.0

_ALL_WAIT = "every command waits for a lock in the database"


class _OutageTooLong(Exception):
    """What is held goes back to the queue, once; we come again when the database does."""


class Consumer:
    """Takes what has arrived, applies it in one transaction, and acknowledges it then."""

    def __init__(self, component: Component, stop: StopFlag, health: Health) -> None:
        settings = component.settings
        self._component = component
        self._settings = settings
        self._stop = stop
        self._health = health
        self._pace = Pace(settings.batch_size, settings.batch_seconds)
        self._held = Held()
        self._senders = Senders(component.database, settings.component_name, health.metrics)
        self._pause = Pause(stop, health)
        self._backstop = Backstop(component, partial(self._connect, "backstop"))
        self._patience_with_broker = Patience("the broker", BrokerUnavailable, self._pause)
        self._storage = Storage(component, health, self._pause)
        self._counting = Counting(component.database, health)

    def run(self) -> None:
        """Consume until the stop flag is set, then drain. Raises `Unsuitable` at the start."""
        try:
            self._storage.begin()
            while not self._stop:
                self._serve(*self._patience_with_broker(self._open))
        except Stopped:
            pass  # while it waited
        log.info("stopped")

    def _connect(self, role: str, beside: Broker | None = None) -> Broker:
        settings, name = self._settings, f"{self._settings.component_name} {role}"
        return Broker(settings.amqp_url, name, settings.heartbeat, beside=beside)

    def _open(self) -> tuple[Broker, Intake]:
        broker = self._connect("consumer")
        with broker.unless_ready():
            declare(broker, self._settings)
            settings = self._settings
            queue, prefetch = settings.command_queue, settings.prefetch_count
            kept, in_order = settings.correlation_headers, settings.single_active_consumer
            return broker, Intake(broker, queue, prefetch, kept, in_order=in_order)

    def _serve(self, broker: Broker, intake: Intake) -> None:
        self._health.connected(broker)
        self._counting.intake = intake
        alive = self._pause.serving(partial(self._keep_alive, broker, intake))
        try:
            with broker, closing(self._backstop), alive:
                batches = Batches(
                    self._component, intake, self._pace, self._held, self._senders.hear
                )
                self._consume(broker, intake, batches)
        except BrokerUnavailable as error:
            self._patience_with_broker.lost(error)
        except _OutageTooLong:
            log.warning("gave back what was delivered, until the database is back")
        finally:
            self._health.working(False)
            self._counting.intake = None
        if self._storage.seconds:
            self._storage.wait()
        if not self._stop:
            self._pause(uniform(0.1, 0.5))  # noqa: S311 - consumers shall not come back in step

    def _consume(self, broker: Broker, intake: Intake, commands: Batches) -> None:
        self._health.working(True)
        log.info("consuming", queue=self._settings.command_queue)
        try:
            while not self._stop:
                self._gather(broker, intake, commands)
                self._work(commands)
                self._work(self._backstop)
                if not self._storage.seconds:
                    self._health.trouble = _ALL_WAIT if commands.all_wait else None
            self._health.working(False)
            self._drain(broker, intake, commands)
        except Stopped:
            if self._holds_any(commands):
                log.info("what was not settled goes back to the queue")
            raise

    def _drain(self, broker: Broker, intake: Intake, commands: Batches) -> None:
        """Work off what was delivered, and take no more."""
        log.info("draining", commands=len(intake))
        self._backstop.stop()
        if not self._settings.single_active_consumer:
            intake.stop()
        while self._holds_any(commands):
            self._stop.check()
            settled = self._work(commands), self._work(self._backstop)
            if not any(settled):
                self._pause(0.05)
            elif not self._settings.single_active_consumer:
                broker.step()  # a single active consumer was not cancelled: it would get more
        self._senders.write()
        intake.finish()
        if self._settings.single_active_consumer:
            # As soon as we cancel or close in good order, RabbitMQ activates the next consumer, and
            # only then requeues what we hold: later commands would overtake ours. When a connection
            # drops, it requeues first.
            broker.break_off()

    def _gather(self, broker: Broker, intake: Intake, commands: Batches) -> None:
        """Wait for a delivery; then take all that has arrived: the busier, the larger the batch."""
        arrived = len(intake)
        idle = min(commands.idle, self._backstop.idle)
        # What is held may wait for long, and its neighbours shall not wait with it: so we read a
        # little all the same.
        self._pause.moment(idle if intake.bytes < BATCH_BYTES else min(BREATH, idle))
        while arrived < len(intake) < self._pace.size and intake.bytes < BATCH_BYTES:
            arrived = len(intake)
            broker.step(0)

    def _work(self, batches: Batches | Backstop) -> bool:
        """Let it settle what it can, and tell whether it did; wait where the database is away.

        Waiting may raise `Stopped` and `BrokerUnavailable`.
        """
        started = monotonic()
        try:
            # What alone does not pass is sent again later, before an outage would give back all.
            endings = batches.step(0.9 * GIVE_BACK_AFTER)
        except PersistenceError as error:  # An outage, by whatever name, ends no process.
            seconds = self._storage.away(error, batches)
            if self._storage.seconds > GIVE_BACK_AFTER:
                raise _OutageTooLong from error
            self._pause(seconds)
            return False
        if endings:
            self._report(endings, monotonic() - started)
            self._senders.write_if_due()
        if self._storage.seconds and (endings or not batches.unsettled):
            self._storage.back(batches)
        return bool(endings)

    def _report(self, endings: Endings, seconds: float) -> None:
        self._counting.settled(endings, seconds)
        log.debug("batch", commands=endings.total(), seconds=round(seconds, 4), **endings)

    def _keep_alive(self, broker: Broker, intake: Intake, seconds: float) -> None:
        self._backstop.serve(broker)
        intake.wait(seconds)

    def _holds_any(self, commands: Batches) -> bool:
        return commands.unsettled or self._backstop.unsettled

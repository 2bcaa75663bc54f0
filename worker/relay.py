"""The process that publishes what the transactions have stored."""

from math import inf
from random import uniform
from time import monotonic, sleep

import structlog

from persistence.exceptions import PersistenceError, StorageUnavailable
from persistence.relay_session import RelaySession
from worker.broker import Broker
from worker.composition import Component
from worker.exceptions import BrokerUnavailable, MessagesRefused, Stopped
from worker.forgetting import Forgetting
from worker.health import Health
from worker.outgoing import Outgoing
from worker.patience import Patience
from worker.publisher import Publisher
from worker.schema import require_schema
from worker.stop import StopFlag
from worker.topology import declare

log = structlog.get_logger()

TICK = 1.0  # seconds: no wait is longer without a look at the stop flag and the heartbeats
POLL = 3.0  # seconds without a notification after which the relay looks for itself
POLL_UNNOTIFIED = 0.05  # the same where the database cannot notify


class Relay:
    """Publishes outbox rows in the order of their ids, and retries when they are due.

    One relay works at a time; the others stand by. A row is deleted when the broker has confirmed
    it, so a relay that dies publishes a row again: with the same `message_id`.
    """

    def __init__(self, component: Component, stop: StopFlag, health: Health) -> None:
        self._component = component
        self._settings = component.settings
        self._stop = stop
        self._health = health
        self._purge_at = 0.0
        self._forgetting = Forgetting(self._settings.inbox_retention_days)
        self._next_retry = 0.0
        self._outgoing = Outgoing(self._settings, health.metrics)
        self._patience_with_broker = Patience("the broker", BrokerUnavailable, self._pause)
        self._patience_with_database = Patience("the database", StorageUnavailable, self._pause)

    def run(self) -> None:
        """Relay until the stop flag is set. Raises `SchemaBehind` at the start."""
        database = self._component.database
        try:
            self._patience_with_database(lambda: require_schema(database))
            while not self._stop:
                try:
                    with RelaySession(database, self._settings.component_name) as session:
                        self._stand_by(session)
                        self._lead(session)
                except PersistenceError as error:
                    self._patience_with_database.lost(error)
                except BrokerUnavailable as error:
                    self._patience_with_broker.lost(error)
                self._health.working(False)
                self._pause(uniform(0.2, 1))  # noqa: S311 - relays shall not come back in step
        except Stopped:
            log.info("stopped")

    def _stand_by(self, session: RelaySession) -> None:
        """Wait until no other relay works."""
        while not session.acquire():
            self._patience_with_database.back()
            self._health.working(True)
            self._pause(uniform(0.5, 1.5))  # noqa: S311
        self._patience_with_database.back()

    def _lead(self, session: RelaySession) -> None:
        settings = self._settings
        name = f"{settings.component_name} relay"
        with Broker(settings.amqp_url, name, settings.heartbeat) as broker:
            declare(broker, settings)
            publisher = Publisher(broker, self._while_waiting)
            self._patience_with_broker.back()
            self._health.working(True)
            log.info("relaying", exchange=settings.event_exchange)
            patience = Patience(
                "the broker",
                MessagesRefused,
                lambda seconds: self._pause(seconds, broker),
                gone="refuses messages (is a queue full?)",
                back="takes messages again",
            )
            self._next_retry = 0.0  # unknown: look
            while not self._stop:
                self._health.tick()
                if not patience(lambda: self._send(session, publisher)):
                    self._wait_for_news(session, broker)
                self._purge(session)

    def _send(self, session: RelaySession, publisher: Publisher) -> bool:
        with_retries = monotonic() >= self._next_retry
        try:
            more = self._outgoing.send(session, publisher, with_retries=with_retries)
        except MessagesRefused:
            self._next_retry = 0.0  # a retry that turns due shall not wait for what is refused
            raise
        seconds = session.seconds_to_next_retry()
        if seconds is not None and seconds <= 0 and with_retries and not more:
            seconds = TICK  # it was sent, and no queue took it
        self._next_retry = inf if seconds is None else monotonic() + seconds
        return more

    def _wait_for_news(self, session: RelaySession, broker: Broker) -> None:
        """Wait for a notification, for the next retry, or for a few seconds."""
        # After the last query: the driver has read what came with its answer, and the descriptor
        # would not turn readable for it again.
        if session.take_notifications():
            return
        poll = POLL_UNNOTIFIED if session.fileno() is None else POLL
        until = min(monotonic() + poll, self._next_retry)
        while not self._stop and (left := until - monotonic()) > 0:
            self._health.tick()
            if broker.step_or_readable(session.fileno(), min(left, TICK)):
                return

    def _purge(self, session: RelaySession) -> None:
        if monotonic() >= self._purge_at:
            self._purge_at = monotonic() + self._forgetting.bite(session)

    def _pause(self, seconds: float, broker: Broker | None = None) -> None:
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            self._health.tick()
            if self._stop:
                raise Stopped
            (broker.step if broker else sleep)(min(left, TICK))

    def _while_waiting(self) -> None:
        self._health.tick()
        self._stop.check()

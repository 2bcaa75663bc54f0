"""The process that publishes what the transactions have stored."""

from contextlib import ExitStack
from random import uniform
from time import monotonic

import structlog

from persistence.exceptions import PersistenceError, StorageUnavailable
from persistence.probe import require_relaying
from persistence.relay_session import RelaySession
from worker.amqp.broker import Broker
from worker.amqp.topology import declare
from worker.component import Component
from worker.exceptions import BrokerUnavailable, Stopped
from worker.relay.forgetting import INTERVAL, Forgetting
from worker.relay.lane import OUTAGES
from worker.relay.outgoing import Events, Replies, Retries
from worker.runtime.health import Health
from worker.runtime.patience import Patience
from worker.runtime.pause import TICK, Pause
from worker.runtime.readiness import require_schema
from worker.runtime.stop import StopFlag

log = structlog.get_logger()

POLL = 3.0  # seconds without a notification after which the relay looks for itself
POLL_UNNOTIFIED = 0.05  # the same where the database cannot notify
TOUCH_INTERVAL = 10.0  # seconds after which the database hears of us, if only that we are there
STUCK_AFTER = 30.0  # seconds that the leader may leave the same row the lowest one
WATCH_INTERVAL = 5.0  # seconds between two looks for that row


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
        self._pause = Pause(stop, health)
        self._look_at = 0.0
        self._purge_at = 0.0
        self._forgetting = Forgetting(self._settings.inbox_retention_days)
        self._touch_at = 0.0
        self._may_have_news = True
        health.metrics.ask_gauge(
            "relay_leader", "1 while this relay is the one that works.", lambda: health.has_broker
        )
        kinds = Events, Replies, Retries
        self._lanes = [kind(component, health.metrics) for kind in kinds]
        self._patience_with_broker = Patience("the broker", BrokerUnavailable, self._pause)
        self._patience_with_database = Patience("the database", StorageUnavailable, self._pause)

    def run(self) -> None:
        """Relay until the stop flag is set. Raises `DatabaseBehind` at the start."""
        try:
            self._patience_with_database(lambda: require_schema(self._component.database))
            while not self._stop:
                self._pause(self._serve_a_term())
        except Stopped:
            pass  # while it waited
        log.info("stopped")

    def _serve_a_term(self) -> float:
        """Stand by, then lead until something is lost; return how long to wait after that."""
        database = self._component.database
        pause = uniform(0.2, 1)  # noqa: S311 - relays shall not come back in step
        try:
            if self._patience_with_database.seconds:
                # We lead only where we could delete. Else we would publish the same rows in every
                # term.
                name = self._settings.component_name
                self._patience_with_database(lambda: require_relaying(database, name))
            with RelaySession(database, self._settings.component_name) as session:
                self._stand_by(session)
                self._lead(session)
        except PersistenceError as error:
            self._patience_with_database.lost(error)
        except BrokerUnavailable as error:
            if error.code not in OUTAGES:
                pause = 0  # for one row, which is looked for at once
            self._patience_with_broker.lost(error)
        self._health.working(False)
        return pause

    def _stand_by(self, session: RelaySession) -> None:
        """Wait until no other relay works."""
        lowest, since, watch_at = None, 0.0, 0.0
        while not session.acquire():
            self._patience_with_database.back()
            self._health.standing_by()
            if monotonic() >= watch_at:
                watch_at = monotonic() + WATCH_INTERVAL
                if (seen := session.lowest()) != lowest:
                    lowest, since = seen, monotonic()
                stuck = lowest is not None and monotonic() - since > STUCK_AFTER
                self._health.trouble = (
                    "the relay that works leaves messages in the outbox" if stuck else None
                )
            self._pause(uniform(0.5, 1.5))  # noqa: S311
        self._health.trouble = None
        self._patience_with_database.back()

    def _lead(self, session: RelaySession) -> None:
        settings = self._settings
        self._health.working(False)  # until the broker has us
        name = f"{settings.component_name} relay"
        with (
            Broker(settings.amqp_url, name, settings.heartbeat) as broker,
            ExitStack() as lanes,
            self._pause.serving(broker.step),
        ):
            self._health.connected(broker)
            declare(broker, settings)
            if (fileno := session.fileno()) is not None:
                broker.watch(fileno, self._expect_news)
            for lane in self._lanes:
                lane.begin(broker)
                lanes.callback(lane.leave, session)
            self._patience_with_broker.back()
            self._health.working(True)
            log.info("relaying", exchange=settings.event_exchange)
            while not self._stop:
                self._take_turns(session)
            while any(lane.is_waiting for lane in self._lanes):
                self._pause.moment(TICK)
                for lane in self._lanes:
                    lane.finish(session)

    def _take_turns(self, session: RelaySession) -> None:
        """Let every lane do what it can; then wait until one of them can do more."""
        for lane in self._lanes:
            if lane.turn(session):
                self._expect_news()
        self._purge(session)
        self._touch(session)
        if self._take_news(session) or monotonic() >= self._look_at:
            poll = POLL_UNNOTIFIED if session.fileno() is None else POLL
            self._look_at = monotonic() + poll
            for lane in self._lanes:
                lane.news()
        wake_at = min(self._look_at, *(lane.wake_at for lane in self._lanes))
        self._pause.moment(wake_at - monotonic())

    def _take_news(self, session: RelaySession) -> bool:
        # psycopg may have read a notification along with the answer to our last query. The socket
        # will not become readable for it again, so psycopg is asked before we sleep on the socket.
        if not self._may_have_news:
            return False
        self._may_have_news = False
        return session.take_notifications() > 0

    def _expect_news(self) -> None:
        self._may_have_news = True

    def _touch(self, session: RelaySession) -> None:
        if monotonic() >= self._touch_at:
            self._expect_news()
            session.touch()
            self._touch_at = monotonic() + TOUCH_INTERVAL

    def _purge(self, session: RelaySession) -> None:
        if monotonic() >= self._purge_at:
            self._expect_news()
            self._purge_at = monotonic() + INTERVAL  # if it fails; it shall not end every term
            self._purge_at = monotonic() + self._forgetting.bite(session)

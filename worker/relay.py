"""The process that publishes what the transactions have stored."""

from collections.abc import Sequence
from random import uniform
from time import monotonic, sleep
from uuid import UUID

import structlog

from persistence.exceptions import PersistenceError, StorageUnavailable
from persistence.relay_session import PURGE_BITE, OutboxRow, RelaySession, RetryRow
from worker.broker import Broker
from worker.composition import Component
from worker.exceptions import BrokerUnavailable, Stopped
from worker.health import Health
from worker.patience import Patience
from worker.publisher import Publisher
from worker.schema import require_schema
from worker.stop import StopFlag
from worker.topology import declare
from worker.wire import properties_of_command, properties_of_message

log = structlog.get_logger()

TICK = 1.0  # seconds: no wait is longer without a look at the stop flag and the heartbeats
BITE = 1000  # rows read, published and deleted at a time
POLL = 3.0  # seconds without a notification after which the relay looks for itself
POLL_UNNOTIFIED = 0.1  # the same where the database cannot notify
CONNECTION_FORCED = 320  # the AMQP code of a broker that shuts down
PURGE_INTERVAL = 60.0  # seconds between two looks for inbox entries to forget


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
        self._reported: set[str] = set()
        self._bite = BITE
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
            declare(broker, broker.channel(), settings)
            publisher = Publisher(broker, self._while_waiting)
            self._patience_with_broker.back()
            self._health.working(True)
            log.info("relaying", exchange=settings.event_exchange)
            while not self._stop:
                self._health.tick()
                if not self._relay(session, broker, publisher):
                    self._wait_for_news(session, broker)
                self._purge(session)

    def _relay(self, session: RelaySession, broker: Broker, publisher: Publisher) -> bool:
        """Publish some rows and delete what was confirmed; return whether there were any."""
        rows, retries = session.oldest(self._bite), session.due(self._bite)
        if not rows and not retries:
            return False
        sent_rows: dict[int, OutboxRow] = {}
        sent_retries: dict[int, RetryRow] = {}
        started = monotonic()
        try:
            for row in rows:
                sent_rows[self._publish(publisher, row)] = row
            for retry in retries:
                sent_retries[self._send_again(publisher, retry)] = retry
            publisher.wait()
            refused = publisher.nacked - {n for n, row in sent_rows.items() if row.reply_to}
            self._bite = min(BITE, 2 * self._bite)
        except BrokerUnavailable as error:
            self._suspect(error, rows, session)
            raise
        finally:
            self._delete(session, publisher, sent_rows, sent_retries)
        log.info(
            "relayed",
            messages=len(sent_rows),
            retries=len(sent_retries),
            seconds=round(monotonic() - started, 4),
        )
        if refused:
            raise BrokerUnavailable("the broker refused a message")
        return True

    def _suspect(
        self, error: BrokerUnavailable, rows: Sequence[OutboxRow], session: RelaySession
    ) -> None:
        """Find the reply for which the broker closes the connection, and let it go.

        A forged direct reply-to address does that, and would for ever. After such an end rows go
        one at a time, then two, then four: a reply that ends a connection alone is the one.
        """
        if error.code in (None, CONNECTION_FORCED):
            return
        if len(rows) == 1 and rows[0].reply_to is not None:
            session.delete_outbox([rows[0].id])
            self._health.metrics.returned.labels("reply").inc()
            log.warning("the broker refuses a reply's address; the reply is dropped")
        self._bite = 1

    def _publish(self, publisher: Publisher, row: OutboxRow) -> int:
        message = row.message
        exchange, key = self._settings.event_exchange, message.type
        if row.reply_to is not None:
            exchange, key = "", row.reply_to
        properties = properties_of_message(message, self._settings.component_name)
        return publisher.publish(exchange, key, message.body.encode(), properties)

    def _send_again(self, publisher: Publisher, retry: RetryRow) -> int:
        properties = properties_of_command(retry.command)
        queue = self._settings.command_queue
        return publisher.publish("", queue, retry.command.body, properties)

    def _delete(
        self,
        session: RelaySession,
        publisher: Publisher,
        rows: dict[int, OutboxRow],
        retries: dict[int, RetryRow],
    ) -> None:
        """Delete what the broker has, wanted by a queue or not; but keep unwanted retries."""
        replies = {number for number, row in rows.items() if row.reply_to is not None}
        # A reply queue that is gone, or full, costs the reply and nothing else.
        dropped = publisher.nacked & replies
        unwanted = publisher.returned & publisher.confirmed | dropped
        for number in unwanted:
            self._report_unwanted(number, rows, retries)
        session.delete_outbox(deletable(rows, publisher.confirmed | dropped))
        session.delete_retries(
            retries[n].id for n in retries.keys() & publisher.confirmed - unwanted
        )
        metrics = self._health.metrics
        metrics.published.labels("event").inc(len(rows.keys() & publisher.confirmed))
        metrics.published.labels("retry").inc(len(retries.keys() & publisher.confirmed - unwanted))
        publisher.forget()

    def _report_unwanted(
        self, number: int, rows: dict[int, OutboxRow], retries: dict[int, RetryRow]
    ) -> None:
        row = rows.get(number)
        kind = "retry" if row is None else "event" if row.reply_to is None else "reply"
        self._health.metrics.returned.labels(kind).inc()
        if kind not in self._reported:
            self._reported.add(kind)
            log.warning(f"no queue takes this {kind}; further ones are only counted")

    def _wait_for_news(self, session: RelaySession, broker: Broker) -> None:
        """Wait for a notification, for the next retry, or for a few seconds."""
        if session.take_notifications():
            return
        poll = POLL_UNNOTIFIED if session.fileno() is None else POLL
        due = session.seconds_to_next_retry()
        until = monotonic() + (poll if due is None else min(poll, due))
        while not self._stop and (left := until - monotonic()) > 0:
            self._health.tick()
            if broker.step_or_readable(session.fileno(), min(left, TICK)):
                return

    def _purge(self, session: RelaySession) -> None:
        if monotonic() >= self._purge_at:
            purged = session.purge_inbox(self._settings.inbox_retention_days)
            self._purge_at = monotonic() + (0 if purged == PURGE_BITE else PURGE_INTERVAL)

    def _pause(self, seconds: float) -> None:
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            self._health.tick()
            if self._stop:
                raise Stopped
            sleep(min(left, TICK))

    def _while_waiting(self) -> None:
        self._health.tick()
        self._stop.check()


def deletable(rows: dict[int, OutboxRow], confirmed: set[int]) -> list[int]:
    """Return the ids of confirmed rows that follow no unconfirmed row of their aggregate.

    `rows`: by number, in the order of publishing. A confirmed row behind a lost one must come
    again, or subscribers who count versions would never see it in its place.
    """
    waiting: set[UUID] = set()
    ids = []
    for number, row in rows.items():
        if number not in confirmed and row.aggregate_id is not None:
            waiting.add(row.aggregate_id)
        elif number in confirmed and row.aggregate_id not in waiting:
            ids.append(row.id)
    return ids

"""What goes out: outbox rows and due retries, a bite at a time."""

from collections.abc import Sequence
from time import monotonic
from uuid import UUID

import structlog

from persistence.relay_session import BITE_BYTES, OutboxRow, RelaySession, RetryRow
from worker.exceptions import BrokerUnavailable, MessagesRefused
from worker.metrics import Metrics
from worker.publisher import Publisher
from worker.settings import Settings
from worker.wire import properties_of_command, properties_of_message

log = structlog.get_logger()

BITE = 1000  # rows read, published and deleted at a time
CONNECTION_FORCED = 320  # the AMQP code of a broker that shuts down


class Outgoing:
    """Publishes the oldest rows and deletes those that the broker has confirmed.

    After a refusal the bites are small, then twice as large each time: what other queues have taken
    comes to them again with every try.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._reported: set[str] = set()
        self._bite = BITE

    def send(self, session: RelaySession, publisher: Publisher, *, with_retries: bool) -> bool:
        """Publish some rows and delete what was confirmed; return whether more may wait.

        Raises `MessagesRefused` where the broker would not take an event or a retry.
        """
        rows = session.oldest(self._bite)
        retries = session.due(self._bite) if with_retries else []
        if not rows and not retries:
            return False
        more = _is_full(self._bite, [row.message.body for row in rows])
        more |= _is_full(self._bite, [retry.command.body for retry in retries])
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
        except BrokerUnavailable as error:
            self._suspect(error, rows, session)
            raise
        finally:
            self._delete(session, publisher, sent_rows, sent_retries)
        if refused:
            self._bite = 1
            raise MessagesRefused(f"{len(refused)} of {len(rows) + len(retries)} messages")
        self._bite = min(BITE, 2 * self._bite)
        log.info(
            "relayed",
            messages=len(sent_rows),
            retries=len(sent_retries),
            seconds=round(monotonic() - started, 4),
        )
        return more

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
            self._metrics.returned.labels("reply").inc()
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
            self._report_unwanted(number, rows)
        session.delete_outbox(deletable(rows, publisher.confirmed | dropped))
        sent = retries.keys() & publisher.confirmed - unwanted
        session.sent_retries(retries[number].id for number in sent)
        published = self._metrics.published
        published.labels("event").inc(len(rows.keys() & publisher.confirmed - replies))
        published.labels("reply").inc(len(replies & publisher.confirmed))
        published.labels("retry").inc(len(sent))
        publisher.forget()

    def _report_unwanted(self, number: int, rows: dict[int, OutboxRow]) -> None:
        row = rows.get(number)
        kind = "retry" if row is None else "event" if row.reply_to is None else "reply"
        self._metrics.returned.labels(kind).inc()
        if kind not in self._reported:
            self._reported.add(kind)
            log.warning(f"no queue takes this {kind}; further ones are only counted")


def _is_full(bite: int, bodies: Sequence[str | bytes]) -> bool:
    return len(bodies) == bite or sum(map(len, bodies)) >= BITE_BYTES


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

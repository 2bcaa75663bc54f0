"""What goes out: events, replies and retries, each in a lane of its own."""

from collections.abc import Sequence
from math import inf
from time import monotonic
from uuid import UUID

from persistence.relay_queries import BITE_BYTES, OutboxRow, RetryRow
from persistence.relay_session import RelaySession
from worker.amqp.broker import Broker
from worker.amqp.publisher import Publisher, Sending
from worker.amqp.wire import properties_of_command, properties_of_message
from worker.exceptions import BrokerUnavailable
from worker.relay.lane import NO_RIGHT, OUTAGES, Lane, Sent
from worker.relay.unsendable import give_up_message, give_up_retry
from worker.runtime.tracing import DEFAULT_EXCHANGE, Headers, as_headers

SOON = 1.0  # seconds until another look for a retry that was due, and then was not


class Events(Lane[OutboxRow]):
    """Events keep their order within an aggregate. Their connection is the relay's own."""

    kind = "event"

    def begin(self, main: Broker) -> None:
        super().begin(main)
        self._broker = main

    def _connect(self) -> Broker:
        assert self._main is not None
        return self._main

    def _disconnect(self) -> None:
        self._broker = None  # the relay closes it

    def _away(self, error: BrokerUnavailable) -> None:
        if error.code == NO_RIGHT or self._main is None:
            super()._away(error)
        else:
            # We end the term, because the next one declares the exchange again. Its error is one
            # of the outages, so that it comes after a pause: no row is at fault.
            self._main.lose(error if error.code in OUTAGES else BrokerUnavailable(str(error)))

    def _read(self, session: RelaySession, limit: int) -> tuple[Sequence[OutboxRow], float]:
        rows = session.events(limit)
        return rows, _look_again(limit, [row.message.body for row in rows])

    def _publish(self, publisher: Publisher, row: OutboxRow) -> Sending:
        message = row.message
        properties = properties_of_message(message, self._settings.component_name)
        exchange = self._settings.event_exchange
        return publisher.publish(exchange, message.type, message.body.encode(), properties)

    @property
    def _place(self) -> str:
        return self._settings.event_exchange

    def _headers(self, row: OutboxRow) -> Headers:
        return as_headers(row.message.headers)

    def _done(self, session: RelaySession, sent: Sent[OutboxRow]) -> int:
        session.delete_outbox(deletable(sent))
        confirmed = [sending for _, sending in sent if sending.confirmed]
        unwanted = sum(sending.returned for sending in confirmed)
        self._unwanted.add(unwanted, self._settings.event_exchange)
        self._metrics.published.labels(self.kind).inc(len(confirmed))
        return sum(sending.nacked for _, sending in sent)

    def _give_up(self, row: OutboxRow, reason: str) -> bool:
        return give_up_message(self._component, row, self.kind, reason)


class Replies(Lane[OutboxRow]):
    """A reply queue that is gone, or full, costs the reply and nothing else."""

    kind = "reply"
    streak = inf  # a sender can spoil as many as it likes

    def _read(self, session: RelaySession, limit: int) -> tuple[Sequence[OutboxRow], float]:
        rows = session.replies(limit)
        return rows, _look_again(limit, [row.message.body for row in rows])

    def _publish(self, publisher: Publisher, row: OutboxRow) -> Sending:
        assert row.reply_to is not None
        properties = properties_of_message(row.message, self._settings.component_name)
        return publisher.publish("", row.reply_to, row.message.body.encode(), properties)

    @property
    def _place(self) -> str:
        return DEFAULT_EXCHANGE  # each goes to a queue of its own

    def _headers(self, row: OutboxRow) -> Headers:
        return as_headers(row.message.headers)

    def _done(self, session: RelaySession, sent: Sent[OutboxRow]) -> int:
        answered = [(row, reply) for row, reply in sent if reply.confirmed or reply.nacked]
        session.delete_outbox(row.id for row, _ in answered)
        unwanted = sum(reply.nacked or reply.returned for _, reply in answered)
        self._unwanted.add(unwanted, "reply_to of a command")
        taken = sum(reply.confirmed for _, reply in answered)
        self._metrics.published.labels(self.kind).inc(taken)
        return 0

    def _give_up(self, row: OutboxRow, reason: str) -> bool:
        return give_up_message(self._component, row, self.kind, reason)


class Retries(Lane[RetryRow]):
    """Commands that are due go to the command queue again; one that comes back stays."""

    kind = "retry"
    _not_before = 0.0

    def _read(self, session: RelaySession, limit: int) -> tuple[Sequence[RetryRow], float]:
        if monotonic() < self._not_before:
            return [], self._not_before
        seconds = session.seconds_to_next_retry()
        if seconds is None:
            return [], inf
        if seconds > 0:
            return [], monotonic() + seconds
        rows = session.due(limit)
        return rows, 0.0 if rows else monotonic() + SOON

    def _publish(self, publisher: Publisher, row: RetryRow) -> Sending:
        properties = properties_of_command(row.command)
        queue = self._settings.command_queue
        return publisher.publish("", queue, row.command.body, properties)

    @property
    def _place(self) -> str:
        return self._settings.command_queue

    def _headers(self, row: RetryRow) -> Headers:
        properties = row.command.properties
        return as_headers(properties.get("headers") if isinstance(properties, dict) else None)

    def _done(self, session: RelaySession, sent: Sent[RetryRow]) -> int:
        confirmed = [(row, sending) for row, sending in sent if sending.confirmed]
        taken = [row.id for row, sending in confirmed if not sending.returned]
        if session.sent_retries(taken):
            self._not_before = monotonic() + SOON  # else they would be sent again and again
        unwanted = len(confirmed) - len(taken)
        self._unwanted.add(unwanted, self._settings.command_queue)
        self._metrics.published.labels(self.kind).inc(len(taken))
        return unwanted + sum(sending.nacked for _, sending in sent)

    def _give_up(self, row: RetryRow, reason: str) -> bool:
        return give_up_retry(self._component, row, reason)


def _look_again(limit: int, bodies: Sequence[str]) -> float:
    """Return when to look again: at once where more may wait behind what fills a bite."""
    return 0.0 if len(bodies) == limit or sum(map(len, bodies)) >= BITE_BYTES else inf


def deletable(sent: Sent[OutboxRow]) -> list[int]:
    """Return the ids of confirmed rows that follow no unconfirmed row of their aggregate.

    `sent`: in the order of publishing. A confirmed row behind a lost one must come again, or
    subscribers who count versions would never see it in its place.
    """
    waiting: set[UUID] = set()
    ids = []
    for row, sending in sent:
        if not sending.confirmed and row.aggregate_id is not None:
            waiting.add(row.aggregate_id)
        elif sending.confirmed and row.aggregate_id not in waiting:
            ids.append(row.id)
    return ids

"""What goes out: events, replies and retries, each in a lane of its own."""

from collections.abc import Sequence
from math import inf
from time import monotonic
from uuid import UUID

from persistence.relay_session import BITE_BYTES, OutboxRow, RelaySession, RetryRow
from worker.amqp.broker import Broker
from worker.amqp.publisher import Publisher, Target
from worker.amqp.wire import properties_of_command, properties_of_message
from worker.exceptions import BrokerUnavailable
from worker.relay.lane import NO_RIGHT, OUTAGES, Lane
from worker.relay.unsendable import give_up_message, give_up_retry

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
            # The next term declares what is missing. It comes after a pause: no row is at fault.
            self._main.lose(error if error.code in OUTAGES else BrokerUnavailable(str(error)))

    def _read(self, session: RelaySession, limit: int) -> tuple[Sequence[OutboxRow], float]:
        rows = session.events(limit)
        return rows, _look_again(limit, [row.message.body for row in rows])

    def _target(self, row: OutboxRow) -> Target:
        message = row.message
        properties = properties_of_message(message, self._settings.component_name)
        exchange = self._settings.event_exchange
        return Target(exchange, message.type, message.body.encode(), properties)

    def _done(self, session: RelaySession, publisher: Publisher, sent: dict[int, OutboxRow]) -> int:
        confirmed = publisher.confirmed
        session.delete_outbox(deletable(sent, confirmed))
        self._report_unwanted(len(publisher.returned & confirmed), self._settings.event_exchange)
        self._metrics.published.labels(self.kind).inc(len(confirmed))
        return len(publisher.nacked)

    def _give_up(self, row: OutboxRow, reason: str) -> bool:
        return give_up_message(self._component, row, self.kind, reason)


class Replies(Lane[OutboxRow]):
    """A reply queue that is gone, or full, costs the reply and nothing else."""

    kind = "reply"
    streak = inf  # a sender can spoil as many as it likes

    def _read(self, session: RelaySession, limit: int) -> tuple[Sequence[OutboxRow], float]:
        rows = session.replies(limit)
        return rows, _look_again(limit, [row.message.body for row in rows])

    def _target(self, row: OutboxRow) -> Target:
        assert row.reply_to is not None
        properties = properties_of_message(row.message, self._settings.component_name)
        return Target("", row.reply_to, row.message.body.encode(), properties)

    def _done(self, session: RelaySession, publisher: Publisher, sent: dict[int, OutboxRow]) -> int:
        confirmed, nacked = publisher.confirmed, publisher.nacked
        session.delete_outbox(sent[number].id for number in confirmed | nacked)
        unwanted = publisher.returned & confirmed | nacked
        self._report_unwanted(len(unwanted), "reply_to of a command")
        self._metrics.published.labels(self.kind).inc(len(confirmed))
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

    def _target(self, row: RetryRow) -> Target:
        properties = properties_of_command(row.command)
        return Target("", self._settings.command_queue, row.command.body, properties)

    def _done(self, session: RelaySession, publisher: Publisher, sent: dict[int, RetryRow]) -> int:
        unwanted = publisher.returned & publisher.confirmed
        taken = publisher.confirmed - unwanted
        if session.sent_retries(sent[number].id for number in taken):
            self._not_before = monotonic() + SOON  # else they would be sent again and again
        self._report_unwanted(len(unwanted), self._settings.command_queue)
        self._metrics.published.labels(self.kind).inc(len(taken))
        return len(publisher.nacked | unwanted)

    def _give_up(self, row: RetryRow, reason: str) -> bool:
        return give_up_retry(self._component, row, reason)


def _look_again(limit: int, bodies: Sequence[str]) -> float:
    """Return when to look again: at once where more may wait behind what fills a bite."""
    return 0.0 if len(bodies) == limit or sum(map(len, bodies)) >= BITE_BYTES else inf


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

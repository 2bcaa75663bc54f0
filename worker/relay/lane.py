"""One kind of what goes out, whose troubles are its own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import Generic, Protocol, TypeVar

import structlog

from persistence.relay_session import RelaySession
from worker.amqp.broker import Broker
from worker.amqp.publisher import Publisher, Sending
from worker.component import Component
from worker.exceptions import BrokerUnavailable, Unsendable
from worker.relay.backoff import Backoff
from worker.relay.unwanted import Unwanted
from worker.runtime.metrics import Metrics
from worker.runtime.tracing import Headers

log = structlog.get_logger()

# So many rows in succession may be set aside at once for which the broker reports an error of its
# own. Where it took nothing in between, it may be at fault after all; then it goes slowly.
STREAK = 20

NO_RIGHT, NO_EXCHANGE, INTERNAL_ERROR = 403, 404, 541
# AMQP codes that are never one message's fault: the connection lost, a broker that shuts down, no
# such host, a missing right, no such exchange, locked, out of resources, too many connections.
OUTAGES = {None, 320, 402, NO_RIGHT, NO_EXCHANGE, 405, 506, 530}


class Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)
Sent = list[tuple[R, Sending]]  # in the order of publishing


class Lane(ABC, Generic[R]):
    """Publishes the rows of one kind, a bite at a time, on a connection of its own.

    `turn` never waits: whoever steps the connection takes turns with all lanes. So a lane whose
    queue is full, or whose connection is lost, costs the others nothing.

    After a refusal rows go one at a time, then twice as many each time (`Backoff`). So they do
    after the broker has ended the channel for what it was sent. A row for which it does that twice,
    when it goes alone, is set aside.
    """

    kind: str
    streak: float = STREAK

    def __init__(self, component: Component, metrics: Metrics) -> None:
        self._component = component
        self._settings = component.settings
        self._metrics = metrics
        self._unwanted = Unwanted(self.kind, metrics)
        self._main: Broker | None = None
        self._broker: Broker | None = None
        self._publisher: Publisher | None = None
        self._sent: Sent[R] = []
        self._sent_at = 0.0
        self._backoff = Backoff(self.kind)
        self._look_at = 0.0
        self._suspect: int | None = None
        self._streak = 0
        self._lost_in_vain = 0  # connections in succession on which nothing was sent

    def begin(self, main: Broker) -> None:
        """Take part in a term of the relay; `main`: the connection that it steps."""
        self._main = main
        self._look_at = 0.0

    def news(self) -> None:
        """Look at once: something was stored."""
        self._look_at = 0.0

    @property
    def is_waiting(self) -> bool:
        """Tell whether messages are under way."""
        return bool(self._sent)

    @property
    def wake_at(self) -> float:
        """Return when the next turn is due, if nothing comes from the broker before."""
        return (
            inf if self._sent or self._is_opening else max(self._look_at, self._backoff.resume_at)
        )

    def turn(self, session: RelaySession) -> bool:
        """Go as far as it goes without waiting; return whether the session was asked anything."""
        asked = self.finish(session)
        if monotonic() < self.wake_at:
            return asked
        self._send(session)
        return True

    def finish(self, session: RelaySession) -> bool:
        """Settle what the broker has answered, and send no more; return the same as `turn`."""
        if error := self._error():
            self._lost(session, error)
            return True
        if self._broker and self._broker.is_open and self._publisher is None:
            self._publisher = Publisher(self._broker)
        if self._is_opening or (self._publisher and self._publisher.pending):
            self._watch()
            return False
        if not self._sent:
            return False
        self._settle(session)
        return True

    def leave(self, session: RelaySession) -> None:
        """End the term: keep nothing that the broker has confirmed."""
        try:
            if error := self._error():
                self._lost(session, error)
            elif self._publisher:
                self._done(session, self._sent)
        finally:
            self._sent = []
            self._publisher = None
            self._disconnect()

    @abstractmethod
    def _read(self, session: RelaySession, limit: int) -> tuple[Sequence[R], float]:
        """Return the next rows, and when to look again after them: 0 at once, `inf` on news."""

    @abstractmethod
    def _publish(self, publisher: Publisher, row: R) -> Sending:
        """Hand the row over; what somebody has put into our tables may raise anything."""

    @property
    @abstractmethod
    def _place(self) -> str:
        """Return what traces call the place that the rows go to."""

    @abstractmethod
    def _headers(self, row: R) -> Headers:
        """Return the headers that the row is published with."""

    @abstractmethod
    def _done(self, session: RelaySession, sent: Sent[R]) -> int:
        """Delete or mark what the broker has taken; return how many it wants to be sent again."""

    @abstractmethod
    def _give_up(self, row: R, reason: str) -> bool:
        """Put the row among the dead letters, in a transaction of its own, and say so.

        Return False where there was nothing to set aside any more.
        """

    def _connect(self) -> Broker:
        assert self._main is not None
        settings = self._settings
        name = f"{settings.component_name} relay {self.kind}"
        return Broker(settings.amqp_url, name, settings.heartbeat, beside=self._main)

    def _disconnect(self) -> None:
        if self._broker is not None:
            self._broker.close()
        self._broker = None

    def _error(self) -> BrokerUnavailable | None:
        of_channel = self._publisher and self._publisher.error
        return of_channel or (self._broker and self._broker.lost) or None

    @property
    def _is_opening(self) -> bool:
        return self._broker is not None and not (self._publisher and self._publisher.ready)

    def _watch(self) -> None:
        if self._broker and self._publisher and self._publisher.is_overdue():
            self._broker.lose(BrokerUnavailable("the broker owes an answer for too long"))

    def _send(self, session: RelaySession) -> None:
        rows, self._look_at = self._read(session, self._backoff.bite)
        if not rows:
            return
        if self._publisher is None:
            self._look_at = 0.0
            self._broker = self._connect()
            return
        self._sent_at = monotonic()
        with self._component.tracing.sending(self._place, map(self._headers, rows)):
            self._hand_over(self._publisher, rows)
        assert self._broker is not None
        self._broker.flush()

    def _hand_over(self, publisher: Publisher, rows: Sequence[R]) -> None:
        for row in rows:
            try:
                self._sent.append((row, self._published(publisher, row)))
            except Unsendable as error:
                # What follows comes with the next bite, once this row has gone.
                self._set_aside(row, str(error))
                break

    def _published(self, publisher: Publisher, row: R) -> Sending:
        try:
            return self._publish(publisher, row)
        except (Unsendable, BrokerUnavailable):
            raise
        except Exception as error:  # what somebody has put into our tables can be anything
            raise Unsendable(f"{type(error).__name__}: {error}") from error

    def _settle(self, session: RelaySession) -> None:
        refused = self._done(session, self._sent)
        sent, self._sent = self._sent, []
        confirmed = sum(sending.confirmed for _, sending in sent)
        self._suspect = None
        self._metrics.summary.add({f"sent_{self.kind}": confirmed}, monotonic() - self._sent_at)
        log.debug("relayed", kind=self.kind, messages=confirmed)
        if refused:
            self._backoff.one_at_a_time()
            self._hold("the broker refuses messages", f"{refused} of {len(sent)}; is a queue full?")
            return
        self._streak = 0
        self._backoff.taken()

    def _lost(self, session: RelaySession, error: BrokerUnavailable) -> None:
        """Settle what the broker had confirmed, and find out whether a row is at fault."""
        sent, self._sent = self._sent, []
        publisher, self._publisher = self._publisher, None
        if publisher:
            self._done(session, sent)
        if self._broker and self._broker.lost:
            self._disconnect()
        self._look_at = 0.0
        self._lost_in_vain = 0 if sent else self._lost_in_vain + 1
        if error.code in OUTAGES or self._lost_in_vain > 1:
            self._away(error)
            return
        self._backoff.one_at_a_time()
        if len(sent) == 1 and not sent[0][1].confirmed:
            self._blame(sent[0][0], error)

    def _away(self, error: BrokerUnavailable) -> None:
        what = "may not be published" if error.code == NO_RIGHT else "wait for the broker"
        self._hold(f"messages {what}", str(error))

    def _blame(self, row: R, error: BrokerUnavailable) -> None:
        if self._suspect == row.id:
            self._set_aside(row, f"The broker ends the channel for it: {error}")
            # Any other code names what is wrong with the row, however many there are of them.
            if error.code == INTERNAL_ERROR:
                self._doubt(str(error))
        self._suspect = row.id

    def _set_aside(self, row: R, reason: str) -> None:
        if self._give_up(row, reason):
            self._metrics.unsendable.labels(self.kind).inc()
        self._look_at = 0.0

    def _doubt(self, reason: str) -> None:
        """Go slowly where the broker reports errors of its own, and nothing else."""
        self._streak += 1
        if self._streak >= self.streak:
            self._hold("the broker takes nothing of what it is sent", reason)

    def _hold(self, what: str, why: str) -> None:
        self._backoff.hold(what, why)
        self._look_at = 0.0  # what has come in the meantime is found then, too

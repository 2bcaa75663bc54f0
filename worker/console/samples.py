"""Looks at the component now and then, and remembers an hour and a day of it."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import structlog

from persistence.database import Database
from persistence.exceptions import PersistenceError
from persistence.health.flow import ended_between
from persistence.health.work import Work, look_at_work, relay_works
from persistence.waiting import Waiting
from worker.amqp.broker import Broker
from worker.amqp.declarations import Declaration, declarations
from worker.amqp.trials import see
from worker.exceptions import BrokerUnavailable
from worker.runtime.showing import without_secrets
from worker.settings import Settings

PAUSE = 5.0  # seconds between looks
HOUR = int(3600 / PAUSE)
DAILY = 24  # looks of which a day keeps one: two minutes

log = structlog.get_logger()


@dataclass(frozen=True)
class Sample:
    """What was seen; None where it could not be. `rates`: commands a second, by ending."""

    at: datetime
    rates: dict[str, float] = field(default_factory=dict)
    work: Work | None = None
    oldest_waiting: float | None = None
    relay: bool | None = None
    database_error: str | None = None
    queued: int | None = None
    consumers: int | None = None
    broker_error: str | None = None


class Samples:
    """A thread of its own, which owns its connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.database_url, 2, read_only=True)
        self._broker: Broker | None = None
        self._until: datetime | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name="samples", daemon=True)
        self.hour: deque[Sample] = deque(maxlen=HOUR)
        self.day: deque[Sample] = deque(maxlen=HOUR)

    @property
    def last(self) -> Sample | None:
        return self.hour[-1] if self.hour else None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(PAUSE)

    def _run(self) -> None:
        with self._database:
            while not self._stop.is_set():
                self.look()
                self._stop.wait(PAUSE)
            self._leave_broker()

    def look(self) -> None:
        """Take one sample."""
        sample = self._of_broker(self._of_database(Sample(datetime.now(UTC))))
        self.hour.append(sample)
        if not self.day or sample.at - self.day[-1].at >= timedelta(seconds=PAUSE * DAILY):
            self.day.append(replace(sample, rates=self.mean()))

    def mean(self) -> dict[str, float]:
        """Return the rates of the latest looks together: one alone would miss what came between."""
        latest = list(self.hour)[-DAILY:]
        endings = {ending for sample in latest for ending in sample.rates}
        return {e: sum(s.rates.get(e, 0.0) for s in latest) / len(latest) for e in endings}

    def _of_database(self, sample: Sample) -> Sample:
        name = self._settings.component_name
        try:
            now = self._database.now()
            since, self._until = self._until or now - timedelta(seconds=PAUSE), now
            ended = ended_between(self._database, name, since, now)
            seconds = max((now - since).total_seconds(), 0.001)
            return replace(
                sample,
                rates={ending: count / seconds for ending, count in ended.items()},
                work=look_at_work(self._database, name),
                oldest_waiting=Waiting(self._database, name).oldest(),
                relay=relay_works(self._database, name),
            )
        except PersistenceError as error:
            self._until = None
            return replace(sample, database_error=without_secrets(str(error)))

    def _of_broker(self, sample: Sample) -> Sample:
        settings = self._settings
        try:
            if self._broker is None:
                name = f"{settings.component_name} console"
                self._broker = Broker(settings.amqp_url, name, settings.heartbeat)
            self._broker.step()
            seen = see(self._broker, _queue(settings))
        except BrokerUnavailable as error:
            self._leave_broker()
            return replace(sample, broker_error=without_secrets(str(error)))
        if not seen.exists:
            return replace(sample, broker_error=f"There is no queue {settings.command_queue} yet.")
        return replace(sample, queued=seen.messages, consumers=seen.consumers)

    def _leave_broker(self) -> None:
        broker, self._broker = self._broker, None
        if broker:
            broker.close()


def _queue(settings: Settings) -> Declaration:
    return next(d for d in declarations(settings) if d.name == settings.command_queue)

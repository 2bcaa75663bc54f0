"""What a consumer shows in its metrics."""

from time import monotonic

from persistence.database import Database
from worker.amqp.intake import Intake
from worker.consumer.endings import Endings
from worker.runtime.health import Health

# A sender's clock may be ahead of ours by so much; and no command is older than a year. What says
# otherwise is in other units, or was never set.
AHEAD, LONG_AGO = 3600.0, 365 * 86_400.0


class Counting:
    """Counts what was settled. `intake`: where the commands come from now, if they do."""

    def __init__(self, database: Database, health: Health) -> None:
        self.intake: Intake | None = None
        self._database = database
        self._metrics = health.metrics
        self._metrics.ask_gauge(
            "consumer_attached",
            "1 while the broker has this consumer.",
            lambda: health.has_broker,
        )
        self._metrics.ask_gauge(
            "oldest_waiting_command_seconds",
            "Time since the oldest command was published that this consumer has not settled.",
            self._oldest,
        )

    def settled(self, endings: Endings, seconds: float) -> None:
        """Count what a batch has settled in so many seconds."""
        self._metrics.batches.observe(seconds)
        self._metrics.batch_commands.observe(endings.total())
        for (type_, ending), count in endings.of_types().items():
            self._metrics.settled(type_, ending, count)
        for published, count in endings.published().items():
            if (age := self._age(published)) is not None:
                self._metrics.ages.observe(age, count)
        self._metrics.summary.add(endings, seconds)

    def _oldest(self) -> float | None:
        intake = self.intake  # asked from another thread: it may go at any moment
        if intake is None:
            return None
        if (oldest := intake.oldest) is None:
            return 0.0
        published = oldest.message.timestamp
        age = None if published is None else self._age(published)
        return monotonic() - oldest.arrived if age is None else age

    def _age(self, published: int) -> float | None:
        """Return how old that is, in seconds; None where it cannot be meant: milliseconds, say."""
        age = self._database.now().timestamp() - published
        return max(0.0, age) if -AHEAD < age < LONG_AGO else None

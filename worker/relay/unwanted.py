"""Messages that reach nobody: counted, and said once a minute while it lasts."""

from time import monotonic

import structlog

from worker.runtime.metrics import Metrics

log = structlog.get_logger()

REPORT_INTERVAL = 60.0  # seconds between two lines


class Unwanted:
    """Counts the messages of one kind that no queue takes."""

    def __init__(self, kind: str, metrics: Metrics) -> None:
        self._kind = kind
        self._counter = metrics.returned.labels(kind)
        self._untold = 0
        self._tell_at = 0.0

    def add(self, count: int, target: str) -> None:
        """`target`: where they should have gone."""
        if not count:
            return
        self._counter.inc(count)
        self._untold += count
        if monotonic() >= self._tell_at:
            say = log.error if self._kind == "event" else log.warning
            say(f"no queue takes this {self._kind}", target=target, messages=self._untold)
            self._untold, self._tell_at = 0, monotonic() + REPORT_INTERVAL

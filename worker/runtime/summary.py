"""What was done, in one line a minute: a line a batch would be gigabytes a day."""

from collections import Counter
from collections.abc import Mapping
from time import monotonic

import structlog

log = structlog.get_logger()

EVERY = 60.0  # seconds


class Summary:
    """Counts by kind, and says it a minute after the first that was counted, and at the end."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._since = 0.0
        self._busy = 0.0

    def add(self, counts: Mapping[str, int], seconds: float) -> None:
        """Count what took so many seconds of work."""
        if not self._counts:
            self._since = monotonic() - seconds
        self._counts.update({kind: count for kind, count in counts.items() if count})
        self._busy += seconds

    def tell_in_time(self) -> None:
        """Say it if a minute is over."""
        if self._counts and monotonic() - self._since >= EVERY:
            self.tell()

    def tell(self) -> None:
        """Say what was counted since the last time, if anything was."""
        if self._counts:
            seconds = monotonic() - self._since
            log.info(
                "summary",
                **self._counts,
                seconds=round(seconds, 1),
                busy=round(self._busy, 1),
                per_second=round(self._counts.total() / max(seconds, 0.001), 1),
            )
        self._counts.clear()
        self._busy = 0.0

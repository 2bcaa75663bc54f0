"""How many rows at once, and when again, after the broker has taken something or has not."""

from random import uniform
from time import monotonic

import structlog

log = structlog.get_logger()

BITE = 1000  # rows read, published and deleted at a time
LONGEST_PAUSE = 5.0  # seconds


class Backoff:
    """After a refusal bites begin small and grow again, and pauses grow while it lasts."""

    def __init__(self, kind: str) -> None:
        self.bite = BITE
        self.resume_at = 0.0
        self._kind = kind
        self._pause = 0.0

    def one_at_a_time(self) -> None:
        """Begin small: what other queues have taken comes to them again with every try."""
        self.bite = 1

    def hold(self, what: str, why: str) -> None:
        """Try again later, and say so once."""
        if not self._pause:
            log.warning(what, kind=self._kind, error=why)
        self._pause = min(LONGEST_PAUSE, 2 * self._pause or 0.1)
        self.resume_at = monotonic() + uniform(1, 1.2) * self._pause  # noqa: S311 - not in step

    def taken(self) -> None:
        """Note that the broker has taken a whole bite."""
        self.bite = min(BITE, 2 * self.bite)
        if self._pause:
            log.info("the broker takes messages again", kind=self._kind)
        self._pause = self.resume_at = 0.0

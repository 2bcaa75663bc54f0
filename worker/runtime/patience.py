"""What to do while something is away: try again, and say so once when it goes and comes."""

from collections.abc import Callable
from random import uniform
from time import monotonic
from typing import TypeVar

import structlog

log = structlog.get_logger()
T = TypeVar("T")

SHORTEST, LONGEST = 0.1, 5.0  # seconds between two tries; the pause doubles each time


class Patience:
    """Repeats work, with back-off and jitter and without limit, until `what` is back."""

    def __init__(
        self,
        what: str,
        errors: type[Exception] | tuple[type[Exception], ...],
        pause: Callable[[float], None],
        *,
        gone: str = "is away",
        back: str = "is back",
    ) -> None:
        """`pause` waits between two tries; what it raises ends them."""
        self._errors = errors
        self._wait = pause
        self._gone = f"{what} {gone}"
        self._back = f"{what} {back}"
        self._since: float | None = None
        self._pause = SHORTEST

    @property
    def seconds(self) -> float:
        """Return how long it has been away; 0 while it is there."""
        return 0.0 if self._since is None else monotonic() - self._since

    def __call__(self, work: Callable[[], T]) -> T:
        while True:
            try:
                result = work()
            except self._errors as error:
                self.lost(error)
                self._wait(self.next_pause())
            else:
                self.back()
                return result

    def next_pause(self) -> float:
        """Return how many seconds to wait before the next try: more each time."""
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST)
        return pause + uniform(0, 0.2)  # noqa: S311 - two who wait shall not come in step

    def lost(self, error: Exception) -> None:
        """Note that it is away."""
        if self._since is None:
            self._since = monotonic()
            log.warning(self._gone, error=str(error))

    def back(self) -> None:
        """Note that it is there."""
        if self._since is not None:
            log.info(self._back, seconds=round(monotonic() - self._since, 1))
            self._since, self._pause = None, SHORTEST

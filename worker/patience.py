"""What to do while something is away: try again, and say so once when it goes and comes."""

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

log = structlog.get_logger()
T = TypeVar("T")


class Patience:
    """Repeats work, with back-off and jitter and without limit, until `what` is back."""

    def __init__(
        self,
        what: str,
        error: type[Exception],
        sleep: Callable[[float], None],
        *,
        gone: str = "is away",
        back: str = "is back",
    ) -> None:
        """`sleep` waits between two tries; it may raise to give up."""
        self._gone = f"{what} {gone}"
        self._back = f"{what} {back}"
        self._since: float | None = None
        self._retrying = Retrying(
            retry=retry_if_exception_type(error),
            wait=wait_exponential_jitter(multiplier=0.1, max=5, jitter=0.2),
            before_sleep=self._on_failure,
            sleep=sleep,
            reraise=True,
        )

    @property
    def seconds(self) -> float:
        """Return how long it has been away; 0 while it is there."""
        return 0.0 if self._since is None else monotonic() - self._since

    def __call__(self, work: Callable[[], T]) -> T:
        result = self._retrying(work)
        self.back()
        return result

    def lost(self, error: BaseException | None) -> None:
        """Note that it is away."""
        if self._since is None:
            self._since = monotonic()
            log.warning(self._gone, error=str(error))

    def back(self) -> None:
        """Note that it is there."""
        if self._since is not None:
            log.info(self._back, seconds=round(monotonic() - self._since, 1))
            self._since = None

    def _on_failure(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        self.lost(state.outcome.exception())

"""The database's time, carried on between two questions: no jump of the local clock moves it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STALE = 60.0  # seconds after which the database is asked again, where it is asked anyway


class Clock:
    """Knows the time once it has been told; may only be as wrong as a minute makes it."""

    def __init__(self) -> None:
        self._told_at: float | None = None
        self._offset = 0.0

    @property
    def is_stale(self) -> bool:
        return self._told_at is None or monotonic() - self._told_at > _STALE

    @property
    def is_set(self) -> bool:
        return self._told_at is not None

    def set(self, ask: Callable[[], float]) -> None:
        """Ask for the time, in seconds since 1970, and take it over."""
        before = monotonic()
        seconds = ask()
        self._told_at = monotonic()
        self._offset = seconds - (before + self._told_at) / 2

    def now(self) -> datetime:
        return _EPOCH + timedelta(seconds=monotonic() + self._offset)

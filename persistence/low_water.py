"""From where on to look for waiting rows, so that a look need not pass those that are dead.

As long as some transaction is open anywhere, the database keeps what was deleted since, and each
look for the oldest row would walk over all of it.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol, TypeVar

WORTH = 2000  # ids that a new mark must save
# Seconds between two looks at everything, and how many times as long as one of them takes that is.
FULL_INTERVAL, FULL_SHARE = 5.0, 20


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Numbered)


class LowWater:
    """An id up to which no row waits, nor will.

    A lower id may be committed after a higher one. So the mark rises to what a look found only when
    every transaction that was writing then has ended, and another look has found nothing below.
    Ids that come against all order are found by a look at everything, now and then.
    """

    def __init__(self, writers: Callable[[], set[str]]) -> None:
        """`writers`: names the transactions that have written to the table and are still open."""
        self.value = 0
        self._writers = writers
        self._candidate: int | None = None
        self._awaited: set[str] = set()
        self._full_at = 0.0

    def look(self, read: Callable[[int], Sequence[R]]) -> Sequence[R]:
        """Return the rows that `read` finds above an id: the mark, or 0."""
        started = monotonic()
        if started < self._full_at:
            rows = read(self.value)
        else:
            rows = read(0)
            ended = monotonic()
            self._full_at = ended + max(FULL_INTERVAL, FULL_SHARE * (ended - started))
        self._learn(rows[0].id - 1 if rows else None)
        return rows

    def _learn(self, below: int | None) -> None:
        """`below`: the id under the first row found; None where there was no row."""
        if below is not None and below < self.value:
            self.value, self._candidate = below, None
        elif self._candidate is None:
            if below is not None and below - self.value >= WORTH:
                self._candidate, self._awaited = below, self._writers()
        elif self._awaited:
            self._awaited &= self._writers()  # the look that counts is the one after the last
        else:
            self.value = self._candidate if below is None else min(self._candidate, below)
            self._candidate = None

"""Memory that only the garbage collector gives back: it looks by bytes, too."""

import gc

COLLECT_EVERY = 64 * 2**20  # bytes


class Collector:
    """Has the garbage collector look whenever so many bytes were handled.

    Its own measure is objects. A message of a megabyte has as many as one of a hundred bytes; an
    exception that a handler raises, and whatever a team's classes refer to in a circle, keep it.
    """

    def __init__(self) -> None:
        self._bytes = 0

    def handled(self, size: int) -> None:
        """Count the bytes of what was worked on, whatever became of it."""
        self._bytes += size
        if self._bytes >= COLLECT_EVERY:
            self._bytes = 0
            gc.collect()

"""How many commands a batch may have: as many as the database and the handlers do in good time."""

FIRST = 256  # commands, before anything is known; what takes too long is left, in smaller batches


class Pace:
    """Learns from each batch: the next shall take `seconds` at most, and have `most` at most.

    It grows at most to the double, so that one lucky batch is no promise.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self.size = min(FIRST, most)

    def took(self, commands: int, seconds: float) -> None:
        """Learn from a batch that was committed."""
        fits = self._fitting(commands, seconds)
        if seconds > self._seconds:
            self.size = fits
        elif commands >= self.size:
            self.size = min(self._most, 2 * commands, fits)

    def too_slow(self, commands: int, seconds: float) -> None:
        """Learn from a batch that was too much for a deadline."""
        self.size = min(max(1, commands // 2), self._fitting(commands, seconds))

    def halve(self, commands: int) -> None:
        """Isolate what makes a batch fail."""
        self.size = max(1, commands // 2)

    def _fitting(self, commands: int, seconds: float) -> int:
        return max(1, int(commands * self._seconds / max(seconds, 1e-6)))

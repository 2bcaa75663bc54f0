"""The order in which letters are sent: those of one aggregate one after the other."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

LOOK_AHEAD = 1000  # letters that are looked at for a batch of as many aggregates

Owners = Callable[[Sequence[int]], Mapping[int, Hashable]]


class Line:
    """Gives batches in which no aggregate comes twice.

    A batch is waited for before the next is sent, so that what was first is applied first,
    whichever consumers take it.
    """

    def __init__(self, ids: Sequence[int], owners: Owners) -> None:
        """`ids` in their order; `owners` tells of some letters whose they are."""
        self._ids = deque(ids)
        self._owners = owners
        self._seen: deque[tuple[int, Hashable]] = deque()

    def take(self, size: int) -> list[int]:
        """Return the next letters, at most so many; none when the line is at its end."""
        taken: list[int] = []
        owners: set[Hashable] = set()
        behind: deque[tuple[int, Hashable]] = deque()
        for letter_id, owner in self._next(size):
            if owner in owners or len(taken) == size:
                behind.append((letter_id, owner))
            else:
                taken.append(letter_id)
                owners.add(owner)
            if len(taken) == size or len(behind) >= LOOK_AHEAD:
                break
        self._seen.extendleft(reversed(behind))
        return taken

    def _next(self, size: int) -> Iterator[tuple[int, Hashable]]:
        """Give who stands in the line, the first first; each leaves it."""
        while True:
            while self._seen:
                yield self._seen.popleft()
            ids = [self._ids.popleft() for _ in range(min(size, len(self._ids)))]
            if not ids:
                return
            owners = self._owners(ids)
            self._seen.extend((letter_id, owners.get(letter_id, letter_id)) for letter_id in ids)

"""Commands that wait for a lock, set aside so that their neighbours need not wait with them."""

from collections.abc import Iterable, Sequence
from math import inf, log2
from time import monotonic
from typing import NamedTuple
from uuid import UUID

import structlog

from persistence.exceptions import Locked
from worker.amqp.intake import Delivery
from worker.component import Component
from worker.consumer.naming import line_about
from worker.consumer.reading import Received

log = structlog.get_logger()

SHORT_WAIT = 0.1  # seconds to wait for a lock while somebody is known to hold one for long
SHORT_FOR = 30.0  # seconds after the last such wait
SHORTEST, LONGEST = 0.1, 2.0  # seconds between two tries of what is held
TELL_AFTER = 1.0  # seconds; who waits for another consumer waits for less
FEW = 8  # conflicts in a row that prove nothing yet


class Item(NamedTuple):
    """A delivery and what was read from it."""

    delivery: Delivery
    received: Received


class Group:
    """What is held for one aggregate, in its order; `since` the first came."""

    def __init__(self, first: Item, since: float) -> None:
        self.since = since
        self.items = [first]


class Held:
    """Knows who waits, when to try again, and whether one row is locked or everything."""

    def __init__(self) -> None:
        self._groups: dict[UUID | int, Group] = {}
        self._size = 0
        self._due = 0.0
        self._pause = SHORTEST
        self._conflicts = 0  # since the last success
        self._limit = FEW
        self._short_until = 0.0
        self._given_back: set[UUID | None] = set()
        self._began = 0.0
        self._told = False

    def __len__(self) -> int:
        """Return how many commands wait."""
        return self._size

    @property
    def seconds(self) -> float:
        """Return how long it is until somebody is to be tried again; 0 or less: now."""
        return self._due - monotonic()

    @property
    def lock_wait(self) -> float | None:
        """Return how long to wait for a lock, unless as long as ever."""
        return SHORT_WAIT if monotonic() < self._short_until else None

    @property
    def everything(self) -> bool:
        """Tell whether nothing has succeeded since somebody had to wait."""
        return bool(self._groups) and self._conflicts > 0

    @property
    def hopeless(self) -> bool:
        """Tell whether the lock must be on everything: one row would have been isolated by now."""
        return self._conflicts > self._limit

    def conflict(self, commands: int) -> None:
        """Note that a batch of so many was kept waiting."""
        if not self._conflicts:
            self._limit = max(FEW, int(2 * log2(commands)))
        self._conflicts += 1
        self._short_until = monotonic() + SHORT_FOR

    def success(self) -> None:
        """Note that something was committed."""
        self._conflicts = 0

    def join(self, key: UUID | int, item: Item) -> bool:
        """Let the item wait behind those of the same key, if there are any."""
        group = self._groups.get(key)
        if group:
            group.items.append(item)
            self._size += 1
        return group is not None

    def reconnected(self) -> None:
        """Forget whom we held: they went back to the queue with the connection."""
        items = (item for group in self._groups.values() for item in group.items)
        self._given_back = {item.received.command_id for item in items}
        self._groups.clear()
        self._size = 0

    def add(self, key: UUID | int, item: Item) -> None:
        """Hold the first one of a key.

        What has gone back before, perhaps because it was held for too long, counts as held since
        then: it would come and go up to its delivery limit.
        """
        known = item.delivery.suspect or item.received.command_id in self._given_back
        if not self._groups:
            self._pause, self._began = SHORTEST, monotonic()
            self._later()
        self._groups[key] = Group(item, -inf if known else monotonic())
        self._size += 1

    def next(self) -> Group:
        """Return who is to be tried; `later` or `release` tells what became of it."""
        return next(iter(self._groups.values()))

    @property
    def largest(self) -> Group:
        """Return the group of most commands, of which the first is enough to hold."""
        return max(self._groups.values(), key=lambda group: len(group.items))

    def thin(self, group: Group, count: int) -> None:
        """Hold so many behind its first no longer; what comes for its key waits behind it, too."""
        del group.items[1 : count + 1]
        self._size -= count

    def later(self, error: Exception, component: Component) -> None:
        """Try the others first; none for long, as somebody still holds a lock."""
        if not self._told and monotonic() - self._began >= TELL_AFTER:
            self._tell(error, component)
        self._short_until = monotonic() + SHORT_FOR
        key = next(iter(self._groups))
        self._groups[key] = self._groups.pop(key)
        self._later()

    def release(self) -> Sequence[Item]:
        """Hold this group no longer, and try the next one at once; return the items."""
        self._pause, self._due = SHORTEST, 0.0
        items = self._groups.pop(next(iter(self._groups))).items
        self._size -= len(items)
        if not self._groups:
            self._tell_the_end()
        return items

    def _tell(self, error: Exception, component: Component) -> None:
        first = self.next().items[0].received
        what = "a lock" if isinstance(error, Locked) else "what the database refuses"
        words = f"a command waits for {what}"
        log.warning(**line_about(component, first, words, error=str(error)))
        self._told = True

    def _tell_the_end(self) -> None:
        if self._told:
            log.info("no command waits any more")
            self._told = False

    def _later(self) -> None:
        self._due = monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST)


def in_order(items: Iterable[Item]) -> list[Item]:
    """Return the items as they were delivered."""
    return sorted(items, key=lambda item: item.delivery.tag)

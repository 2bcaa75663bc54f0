"""Whether the database takes our work, and when it does again."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from persistence.exceptions import (
    Collision,
    Conflict,
    PersistenceError,
    Refused,
    Silent,
    StorageUnavailable,
    TooSlow,
    Unsuitable,
)
from persistence.probe import require_write
from worker.component import Component
from worker.consumer.processor import Processor
from worker.consumer.reading import Received
from worker.runtime.health import Health
from worker.runtime.patience import Patience
from worker.runtime.readiness import require_schema

Work = deque[Sequence[Received]]


class Worker(Protocol):
    """Who cannot do its work; `failed` is what can be rehearsed of it."""

    @property
    def failed(self) -> Work: ...


class Storage:
    """One outage, from the first work that fails to the first that succeeds, by whatever name."""

    def __init__(
        self, component: Component, health: Health, pause: Callable[[float], None]
    ) -> None:
        self._database = component.database
        self._processor = Processor(component)
        self._health = health
        self._failing: set[Worker] = set()
        self._failed: Work = deque()
        self._patience = Patience(
            "the database", (StorageUnavailable, Conflict, Collision, Refused), pause
        )

    @property
    def seconds(self) -> float:
        """Return how long it has been away; 0 while it is there."""
        return self._patience.seconds

    def away(self, error: PersistenceError, worker: Worker) -> float:
        """Note that this one cannot do its work; return how many seconds to wait.

        If the outage is long, what failed is rehearsed before more is taken.
        """
        self._failing.add(worker)
        self._failed = worker.failed or self._failed
        self._tell(error)
        self._patience.lost(error)
        return self._patience.next_pause()

    def back(self, worker: Worker) -> None:
        """Note that this one could do its work, or has none any more."""
        self._failing.discard(worker)
        if not self._failing:
            self._end()

    def begin(self) -> None:
        """Return when work can begin. Raises `Unsuitable`, `DatabaseBehind` included."""
        self._patience(self._begin)
        self._end()

    def wait(self) -> None:
        """Return when what failed would pass. Whatever the database says, it is waited for."""
        self._patience(self._try)
        self._end()

    def _end(self) -> None:
        self._failing.clear()
        self._failed = deque()
        self._health.trouble = None
        self._patience.back()

    def _begin(self) -> None:
        with self._telling():
            require_schema(self._database)
            require_write(self._database)

    def _try(self) -> None:
        try:
            with self._telling():
                require_write(self._database)
                if self._failed:
                    self._rehearse()
        except Unsuitable as error:
            # It suited us at the start: only that may end a process.
            raise StorageUnavailable(str(error)) from error

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except PersistenceError as error:
            self._tell(error)
            raise

    def _rehearse(self) -> None:
        """Do what failed, another one each time, on a new session, and take it back."""
        self._failed.rotate(-1)
        work = self._failed[-1]
        try:
            self._processor.rehearse(work)
        except (Refused, Collision, TooSlow):
            pass  # The database answers, and refuses this work alone: we wrote to it just before.
        except Silent:
            self._failed[-1] = work[: max(1, len(work) // 2)]
            raise

    def _tell(self, error: PersistenceError) -> None:
        self._health.trouble = f"the database does not take our work: {error}"

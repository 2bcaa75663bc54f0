"""What a process says of itself, and what can be asked from beside it."""

from contextlib import suppress
from threading import Lock
from time import monotonic

from persistence.database import Database
from persistence.exceptions import Conflict, PersistenceError
from persistence.migrating import check_schema
from persistence.probe import require_write
from worker.runtime.metrics import Metrics


class Health:
    """What the main thread says of itself, and what can be asked from beside it."""

    def __init__(self, database: Database, patience: float) -> None:
        """`database`: for this thread alone. `patience`: seconds the main loop may be silent."""
        self.metrics = Metrics()
        self.trouble: str | None = None  # what else keeps us from being ready
        self.serving = False
        self.ticked = monotonic()
        self._database = database
        self._patience = patience
        self._asking = Lock()

    def tick(self) -> None:
        """Say that the main loop is turning."""
        self.ticked = monotonic()
        self.metrics.summary.tell_in_time()

    def working(self, working: bool) -> None:
        """Say whether the broker has us: consuming, or relaying, or standing by for the relay."""
        self.tick()
        self.serving = working
        self.metrics.working.set(working)

    def why_not_live(self) -> str | None:
        silent = monotonic() - self.ticked
        return f"the main loop is silent for {silent:.0f} s" if silent > self._patience else None

    def why_not_ready(self) -> str | None:
        """Return None if the broker has us, the database answers and its schema is not behind.

        All reasons otherwise, one a line.
        """
        reasons = [
            None if self.serving else "the broker does not have us",
            self.trouble,
            self._database_trouble(),
            self.why_not_live(),
        ]
        return "\n".join(reason for reason in reasons if reason) or None

    def _database_trouble(self) -> str | None:
        # One asks at a time, and none waits long for its turn: who waits takes others' room.
        if not self._asking.acquire(timeout=1.0):
            return "the database has not answered for more than a second"
        try:
            return self._ask_database()
        finally:
            self._asking.release()

    def _ask_database(self) -> str | None:
        try:
            check_schema(self._database)
            with suppress(Conflict):  # others are writing: what they lock the main loop knows
                require_write(self._database)
        except PersistenceError as error:
            return f"the database is not usable: {error}"
        return None

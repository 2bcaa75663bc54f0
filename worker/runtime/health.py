"""What a process says of itself, and what can be asked from beside it."""

from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Protocol

from persistence.database import Database
from persistence.exceptions import Conflict, PersistenceError
from persistence.migrating import check_schema
from persistence.probe import require_write
from worker.runtime.metrics import Metrics

SILENT = 0.75  # heartbeats: the broker sends something at least at every half of one


class Connection(Protocol):
    """The connection to the broker, as far as one may look at it from another thread."""

    @property
    def is_open(self) -> bool: ...
    @property
    def any_blocked(self) -> bool: ...
    @property
    def heard(self) -> float: ...


class Health:
    """What the main thread says of itself, and what can be asked from beside it."""

    def __init__(
        self, database: Database, heartbeat: float, metrics: Metrics | None = None
    ) -> None:
        """`database`: for those who ask alone. `heartbeat`: seconds the main loop may be silent."""
        self.metrics = metrics or Metrics()
        self.metrics.ask_gauge(
            "broker_connected", "1 while there is a connection to the broker.", self._connected
        )
        self.metrics.ask_gauge(
            "broker_blocked", "1 while the broker takes nothing that we publish.", self._blocked
        )
        self.trouble: str | None = None  # what else keeps us from being ready
        self.serving = False
        self.ticked = monotonic()
        self.stands_by = False  # without a connection, because another works
        self._broker: Connection | None = None
        self._database = database
        self._heartbeat = heartbeat
        self._asking = Lock()

    def tick(self) -> None:
        """Say that the main loop is turning."""
        self.ticked = monotonic()
        self.metrics.summary.tell_in_time()

    def working(self, working: bool) -> None:
        """Say whether the broker has us: consuming, or relaying, or standing by for the relay."""
        self.tick()
        self.serving = working
        self.stands_by = False

    def standing_by(self) -> None:
        """Say that another works, and that this process needs no broker until it ends."""
        self.working(True)
        self.stands_by, self._broker = True, None

    def connected(self, broker: Connection) -> None:
        """Say which connection is the one to look at from now on."""
        if self._broker:
            self.metrics.reconnects.inc()
        self._broker = broker

    @property
    def has_broker(self) -> bool:
        """Return whether the broker has us, and we go on."""
        return self.serving and not self.stands_by and not self.why_not_live()

    def why_not_live(self) -> str | None:
        silent = monotonic() - self.ticked
        return f"the main loop is silent for {silent:.0f} s" if silent > self._heartbeat else None

    def why_not_ready(self) -> str | None:
        """Return None if the broker has us, the database answers and its schema is not behind.

        All reasons otherwise, one a line.
        """
        reasons = [
            None if self.serving else "the broker does not have us",
            self._broker_trouble(),
            self.trouble,
            self.database_trouble(),
            self.why_not_live(),
        ]
        return "\n".join(reason for reason in reasons if reason) or None

    def _broker_trouble(self) -> str | None:
        if not (self.serving and self._broker):
            return None
        # What came while the main loop was busy, it reads when it turns again.
        silent = self.ticked - self._broker.heard
        if silent > SILENT * self._heartbeat:
            return f"the broker is silent for {silent:.0f} s"
        if self._broker.any_blocked:
            return "the broker blocks our connection: it is short of memory or disk"
        return None

    def _connected(self) -> float | None:
        return None if self.stands_by else float(self._broker is not None and self._broker.is_open)

    def _blocked(self) -> float:
        return float(self._broker is not None and self._broker.any_blocked)

    def database_trouble(self) -> str | None:
        """Return why a write would not work now, or why the schema does not fit."""
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

"""Who still sends version 1: counted in memory, written now and then."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic

import structlog

from persistence.database import Database
from persistence.exceptions import PersistenceError
from persistence.senders import Sender, add_senders
from worker.amqp.wire import ATTEMPT_HEADER, printable
from worker.consumer.reading import Received
from worker.runtime.metrics import Metrics

log = structlog.get_logger()

INTERVAL = 5.0  # seconds at least between two writes
KNOWN = 200  # senders that are told apart by one process: their names are theirs to choose
OTHERS = "(others)"
NAMELESS = "(says no name)"
MAX_NAME = 100  # bytes

_Key = tuple[str | None, object, str | None, str | None]


class Senders:
    """Counts commands by type, version and sender: `app_id`, or `user_id` where there is none."""

    def __init__(self, database: Database, component_name: str, metrics: Metrics) -> None:
        self._database = database
        self._component_name = component_name
        self._metrics = metrics
        self._heard: Counter[_Key] = Counter()
        self._unwritten: Counter[Sender] = Counter()
        self._known: set[Sender] = set()
        self._due = monotonic() + INTERVAL

    def hear(self, commands: Iterable[Received]) -> None:
        """Count commands that were settled, once each: what we send again was counted before."""
        heard = self._heard
        for received in commands:
            message = received.message
            headers = message.headers
            if received.command is not None and ATTEMPT_HEADER not in headers:
                version = headers.get("schema-version", 1)
                heard[message.type, version, message.app_id, message.user_id] += 1

    def write_if_due(self) -> None:
        if monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        """Store what was counted; what cannot be stored is kept for the next time."""
        self._due = monotonic() + INTERVAL
        self._name()
        if not self._unwritten:
            return
        now = datetime.now(UTC)
        try:
            add_senders(self._database, self._component_name, self._unwritten, now)
        except PersistenceError as error:
            log.warning("senders were not written yet", reason=str(error))
            return
        self._unwritten.clear()

    def _name(self) -> None:
        heard, self._heard = self._heard, Counter()
        for (type, version, app_id, user_id), commands in heard.items():
            assert isinstance(type, str)
            assert isinstance(version, int)  # or the reader had found no command
            name = printable(app_id or user_id or NAMELESS, max_bytes=MAX_NAME)
            sender = Sender(type, version, name)
            if sender not in self._known and len(self._known) >= KNOWN:
                sender = Sender(type, version, OTHERS)
            self._known.add(sender)
            self._unwritten[sender] += commands
            self._metrics.senders.labels(type, version, sender.sender).inc(commands)

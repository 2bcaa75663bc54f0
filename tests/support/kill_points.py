"""A worker that kills itself at a chosen point: `python -m tests.support.kill_points consume`.

The points live here, in the tests' own process; the product has no such switch. `KILL_POINT` names
the point, `KILL_AT` at which arrival there (1 is the first). The file `KILL_MARK` is written just
before, to prove that the point was reached.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.operations import Operations

from persistence.inbox import Inbox
from persistence.relay_session import RelaySession
from persistence.unit_of_work import UnitOfWork
from worker.amqp.broker import Broker
from worker.amqp.intake import Intake
from worker.cli import main
from worker.consumer.processor import Processor
from worker.relay.outgoing import Events

CONSUMER_POINTS = {
    "after receive": (Processor, "apply", "before"),
    "after inbox read": (Inbox, "read", "after"),
    "before flush": (UnitOfWork, "_write", "before"),
    "before commit": (UnitOfWork, "_write", "after"),
    "after commit before ack": (Intake, "acknowledge", "before"),
    "after ack": (Intake, "acknowledge", "after"),
}
RELAY_POINTS = {
    "relay after read": (RelaySession, "events", "after"),
    "after publish before confirm": (Events, "_send", "after"),
    "after confirm before delete": (RelaySession, "delete_outbox", "before"),
}
MIGRATION_POINTS = {"during migration": (Operations, "create_table", "after")}
# Two arrive also with nothing to do; these count only with something to lose.
_WITH_ROWS = {"relay after read", "after confirm before delete"}
_WRITTEN = {"after ack", "after publish before confirm"}


class _Fuse:
    def __init__(self, point: str, at: int, mark: Path) -> None:
        self._point = point
        self._left = at
        self._mark = mark

    def arrive(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._mark.write_text(self._point)
            os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, fuse: _Fuse) -> None:
    """Put the fuse before or after the method that the point names."""
    owner, name, when = {**CONSUMER_POINTS, **RELAY_POINTS, **MIGRATION_POINTS}[point]
    method: Callable[..., Any] = getattr(owner, name)

    def wrapped(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if point == "after confirm before delete":
            arguments = (list(arguments[0]),)
            if not arguments[0]:
                return method(self, *arguments)
        if when == "before":
            fuse.arrive()
        result = method(self, *arguments, **keywords)
        if point == "after publish before confirm" and not self._sent:
            return result
        if when == "after" and (point not in _WITH_ROWS or result):
            if point in _WRITTEN:
                _flush(self._broker)
            fuse.arrive()
        return result

    setattr(owner, name, wrapped)


def _flush(broker: Broker) -> None:
    """Let the broker really have what was written, so that the point is where its name says."""
    for _ in range(3):
        broker.step(0)


if __name__ == "__main__":
    fuse = _Fuse(
        os.environ["KILL_POINT"], int(os.environ["KILL_AT"]), Path(os.environ["KILL_MARK"])
    )
    arm(os.environ["KILL_POINT"], fuse)
    main()

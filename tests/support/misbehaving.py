"""A worker whose aggregate misbehaves on demand: `python -m tests.support.misbehaving consume`.

The value of an `UpdateValue` says how: `bug` raises on every attempt, `bug until N` on the attempts
before the Nth, `exit` ends the process, `hang` never returns, `unstorable` leaves a state that
PostgreSQL refuses. `PATIENCE`: seconds after which the watchdog ends a process.
"""

import os
from collections import Counter
from threading import Event

from domain.entity.commands import UpdateValue
from domain.entity.entity import Entity
from domain.entity.events import Updated
from worker.cli import main, processes

_attempts: Counter[object] = Counter()
_update = Entity.update


def update(self: Entity, command: UpdateValue) -> Updated:
    _attempts[command.command_id] += 1
    if command.value == "exit":
        os._exit(1)
    if command.value == "hang":
        Event().wait()
    updated = _update(self, command)
    if command.value == "bug":
        raise RuntimeError("the handler has a bug")
    _, until, number = command.value.partition("bug until ")
    if until and _attempts[command.command_id] < int(number):
        raise RuntimeError("the handler has a bug, for now")
    if command.value == "unstorable":
        self.dto.value = "\0"
    return updated


if __name__ == "__main__":
    Entity.update = update  # type: ignore[method-assign]
    if "PATIENCE" in os.environ:
        processes.patience = lambda settings: float(os.environ["PATIENCE"])
    main()

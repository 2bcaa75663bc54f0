"""A worker whose aggregate misbehaves on demand: `python -m tests.support.misbehaving consume`.

It is the first one in `AGGREGATES`. The value of its `UpdateValue` says how: `bug`, or `bug, …`,
raises on every attempt, `bug until N` on the attempts before the Nth, `exit` ends the process,
`hang` never returns, `thread` starts a thread that never ends, `unstorable` leaves a state that
PostgreSQL refuses. `PATIENCE`: seconds after which the watchdog ends a process.

Where `HOLD` names a folder, a `Create` raises on its first attempt; on the second it says so with a
file `held` there, and goes on when there is a file `go`.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

from domain.handling import Change
from tests.support.waiting import wait_for
from worker.cli import main, processes
from worker.composition import aggregates_of_environment

Method = Callable[[Any, Any], Change]

_attempts: Counter[object] = Counter()


def held(sane: Method) -> Method:
    """Return the method of a handler that waits for a file to go on."""

    def create(handler: Any, command: Any) -> Change:
        _attempts[command.command_id] += 1
        if _attempts[command.command_id] == 1:
            raise RuntimeError("the handler has a bug, for now")
        folder = Path(os.environ["HOLD"])
        (folder / "held").touch()
        wait_for((folder / "go").exists, "the file to go on")
        return sane(handler, command)

    return create


def misbehaving(sane: Method) -> Method:
    """Return the method of a handler that does what the value says."""

    def update(handler: Any, command: Any) -> Change:
        _attempts[command.command_id] += 1
        if command.value == "exit":
            os._exit(1)
        if command.value == "hang":
            Event().wait()
        if command.value == "thread":
            Thread(target=Event().wait).start()
        change = sane(handler, command)
        if command.value == "bug" or command.value.startswith("bug, "):
            raise RuntimeError("the handler has a bug")
        _, until, number = command.value.partition("bug until ")
        if until and _attempts[command.command_id] < int(number):
            raise RuntimeError("the handler has a bug, for now")
        if command.value == "unstorable":
            change.aggregate.dto.value = "\0"
        return change

    return update


if __name__ == "__main__":
    kind = aggregates_of_environment()[0]
    methods, commands = kind.handler._methods, kind.commands
    methods[commands.UpdateValue] = misbehaving(methods[commands.UpdateValue])
    if "HOLD" in os.environ:
        methods[commands.Create] = held(methods[commands.Create])
    if "PATIENCE" in os.environ:
        processes.patience = lambda settings: float(os.environ["PATIENCE"])
    main()

"""A worker whose aggregate misbehaves on demand: `python -m tests.support.misbehaving consume`.

The value of an `UpdateValue` says how: `bug`, or `bug, …`, raises on every attempt, `bug until N`
on the attempts before the Nth, `exit` ends the process, `hang` never returns, `unstorable` leaves a
state that PostgreSQL refuses. `PATIENCE`: seconds after which the watchdog ends a process.

Where `HOLD` names a folder, a `Create` raises on its first attempt; on the second it says so with a
file `held` there, and goes on when there is a file `go`.
"""

import os
from collections import Counter
from pathlib import Path
from threading import Event

from domain.entity.commands import Create, UpdateValue
from domain.entity.service import CommandHandler
from domain.handling import Change
from tests.support.waiting import wait_for
from worker.cli import main, processes

_attempts: Counter[object] = Counter()
_create, _update = CommandHandler.create, CommandHandler.update_value


def create(handler: CommandHandler, command: Create) -> Change:
    _attempts[command.command_id] += 1
    if _attempts[command.command_id] == 1:
        raise RuntimeError("the handler has a bug, for now")
    folder = Path(os.environ["HOLD"])
    (folder / "held").touch()
    wait_for((folder / "go").exists, "the file to go on")
    return _create(handler, command)


def update(handler: CommandHandler, command: UpdateValue) -> Change:
    _attempts[command.command_id] += 1
    if command.value == "exit":
        os._exit(1)
    if command.value == "hang":
        Event().wait()
    change = _update(handler, command)
    if command.value == "bug" or command.value.startswith("bug, "):
        raise RuntimeError("the handler has a bug")
    _, until, number = command.value.partition("bug until ")
    if until and _attempts[command.command_id] < int(number):
        raise RuntimeError("the handler has a bug, for now")
    if command.value == "unstorable":
        change.aggregate.dto.value = "\0"
    return change


if __name__ == "__main__":
    CommandHandler._methods[UpdateValue] = update
    if "HOLD" in os.environ:
        CommandHandler._methods[Create] = create
    if "PATIENCE" in os.environ:
        processes.patience = lambda settings: float(os.environ["PATIENCE"])
    main()

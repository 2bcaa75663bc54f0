"""The worker of a chaos run: `python -m tests.chaos.worker consume`.

The handler of an `UpdateValue` fails, or is slow, where the command's value says so; and what the
product leaves to a minute of silence takes seconds.
"""

import os
import random
from pathlib import Path
from time import sleep

from persistence import relay_session
from tests.sample.thing import Thing
from worker.__main__ import main
from worker.relay import relay

FLAKY = "flaky"  # begins the value of a command whose handler fails now and then
SLOW_MARK = "SLOW_MARK"  # names a file: the handler is slow, and writes there that it was

_update = Thing.update


def update(self: Thing, value: str) -> Thing.Updated:
    if value.startswith(FLAKY) and random.random() < 0.3:
        raise RuntimeError("the handler has a bug, now and then")
    if mark := os.environ.get(SLOW_MARK):
        sleep(0.02)  # the fault itself
        Path(mark).touch()
    return _update(self, value)


if __name__ == "__main__":
    # The fault itself: a method of the aggregate is replaced.
    Thing.update = update  # type: ignore[method-assign]
    relay_session.SILENCE = 5.0  # less than the watchdog allows, so that who was frozen comes back
    relay.TOUCH_INTERVAL = 1.0
    main()

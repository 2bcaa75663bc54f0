"""A worker whose handler never returns: `HANG_AT=30 python -m tests.support.hanging consume`.

`HANG_AT`: at which update. `PATIENCE`: seconds after which the watchdog ends it.
"""

import os
from itertools import count
from threading import Event

from tests.sample.thing import Thing
from worker.cli import main, processes


def arm() -> None:
    """Let the handler hang where the environment says so."""
    update, updates = Thing.update, count(1)

    def hang(self: Thing, value: str) -> Thing.Updated:
        if next(updates) == int(os.environ["HANG_AT"]):
            Event().wait()
        return update(self, value)

    # The fault itself: a method of the aggregate is replaced.
    Thing.update = hang  # type: ignore[method-assign]
    if "PATIENCE" in os.environ:
        processes.patience = lambda settings: float(os.environ["PATIENCE"])


if __name__ == "__main__":
    arm()
    main()

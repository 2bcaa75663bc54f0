"""Waiting for a condition, with a deadline: never for a time."""

from collections.abc import Callable
from time import monotonic, sleep


def wait_for(
    condition: Callable[[], object], what: str, seconds: float = 30, every: float = 0.02
) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not in time."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        sleep(every)


def hold(seconds: float) -> None:
    """Keep a fault up for a while: this is its length, not a wait for anything."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        sleep(0.05)

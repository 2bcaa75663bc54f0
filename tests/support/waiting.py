"""Waiting for a condition, with a deadline: never for a time."""

from collections.abc import Callable
from time import monotonic, sleep


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Return when the condition holds; fail, naming `what`, when it does not in time."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        sleep(0.02)

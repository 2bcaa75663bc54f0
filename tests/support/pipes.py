"""Pipes that nobody reads."""

import os

import pytest


def fill(writer: int) -> None:
    """Write until not one more byte has room."""
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        pass
    with pytest.raises(BlockingIOError):
        os.write(writer, b"x")

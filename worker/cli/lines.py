"""Reading lines that may be slow to come."""

import os
from collections.abc import Callable, Iterator
from select import select

CHUNK = 65536  # bytes read at a time


def lines_of(fileno: int, meanwhile: Callable[[], None]) -> Iterator[tuple[int, bytes]]:
    """Give the number of each line that is not empty, from 1 on, and the line.

    `meanwhile` is called again and again as long as nothing can be read.
    """
    number, rest, chunk = 0, b"", b"\n"
    while chunk:
        while not select([fileno], [], [], 0)[0]:
            meanwhile()
        chunk = os.read(fileno, CHUNK)
        *whole, rest = (rest + (chunk or b"\n")).split(b"\n")
        for line in whole:
            number += 1
            if line.strip():
                yield number, line

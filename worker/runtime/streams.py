"""Standard output and error that neither hang nor end us: what cannot be written is dropped."""

import atexit
import io
import os
import select
import stat
import sys
from collections.abc import Iterator
from queue import SimpleQueue
from threading import RLock, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, NoReturn, TextIO

import structlog

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

log = structlog.get_logger()

ROOM = 4 * 2**20  # bytes that may wait for a slow reader
AT_AN_END = 1.0  # seconds to write what still waits


class Lossy(io.RawIOBase):
    """Takes whatever is written, at once. A thread writes it, drops what it cannot, and counts."""

    def __init__(self, fd: int) -> None:
        self.name = f"<lossy {fd}>"
        self._fd = fd
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._lock = RLock()  # reentrant, for a signal that comes while a line is taken
        self._waiting = 0
        self.dropped = 0
        Thread(target=self._write_for_ever, name=f"output {fd}", daemon=True).start()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def write(self, data: "ReadableBuffer", /) -> int:
        line = bytes(data)
        with self._lock:
            if self._waiting + len(line) > ROOM:
                self.dropped += line.count(b"\n")
            else:
                self._waiting += len(line)
                self._lines.put(line)
        return len(line)

    def drain(self, until: float) -> None:
        """Wait until everything was written, at most so long."""
        while self._waiting and monotonic() < until:
            sleep(0.005)

    def _write_for_ever(self) -> None:
        told = 0
        while True:
            line = self._lines.get()
            try:
                self._put_out(line)
            except OSError:
                with self._lock:
                    self.dropped += line.count(b"\n")
            else:
                if self.dropped > told and self._waiting < ROOM // 2:
                    lost, told = self.dropped - told, self.dropped
                    log.warning("lines that could not be written were dropped", lines=lost)
            with self._lock:
                self._waiting -= len(line)

    def _put_out(self, line: bytes) -> None:
        left = memoryview(line)
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:  # somebody who shares the descriptor made it so
                room = select.poll()
                room.register(self._fd, select.POLLOUT)
                room.poll()


def take_over(*, output: bool) -> None:
    """Make standard error lossy, and standard output too where it is no more than a log."""
    for fd in range(3):
        _occupy(fd)
    sys.stderr = _stream(2, sys.stderr)
    if output:
        sys.stdout = _stream(1, sys.stdout)
    atexit.register(drain)


def drain() -> None:
    """Wait a moment for what was written to be gone."""
    until = monotonic() + AT_AN_END
    for stream in _lossy():
        stream.drain(until)


def leave(code: int) -> NoReturn:
    """End the process at once, but for its last words."""
    drain()
    os._exit(code)


def dropped() -> int:
    """Return how many lines could not be written so far."""
    return sum(stream.dropped for stream in _lossy())


def unblocked() -> int:
    """Return a descriptor of standard error for those whom a full pipe must not stop."""
    mode = os.fstat(2).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        try:
            return os.open("/dev/fd/2", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return 2  # not ours to open; better to write there than nowhere
    return 2


def _lossy() -> Iterator[Lossy]:
    for stream in (sys.stdout, sys.stderr):
        raw = getattr(stream, "buffer", None)
        if isinstance(raw, Lossy):
            yield raw


def _stream(fd: int, before: TextIO | None) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    return io.TextIOWrapper(
        Lossy(fd), encoding=encoding, errors="backslashreplace", write_through=True
    )


def _occupy(fd: int) -> None:
    """Put something into the place of a closed descriptor, before a connection comes there."""
    try:
        os.fstat(fd)
    except OSError:
        os.open(os.devnull, os.O_RDONLY)  # written to, it fails: what is lost is counted

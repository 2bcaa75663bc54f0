"""Server processes that never outlive us, and the ports they listen on."""

import os
import pwd
import random
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import NoReturn

LOOPBACK = "127.0.0.1"

# Below the range that systems take outgoing ports from: a client that keeps reconnecting to a
# server that is down would otherwise now and then take the server's own port, or reach itself.
_LISTENING_PORTS = range(15_000, 32_000)


class ServerFailed(Exception):
    """A server did not start, or is not there."""


class ServerMissing(ServerFailed):
    """There is no server, and none can be started here."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on at the moment."""
    for port in random.sample(_LISTENING_PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            return port
    raise ServerFailed("No free port was found on 127.0.0.1.")


class ServerProcess:
    """A process in a session of its own, killed when it is stopped or when we are gone."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        log: Path | None,
        environment: Mapping[str, str],
        user: str | None = None,
        last_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        """`log` takes what it prints (None: our own output does); it works in the log's folder.

        `last_signal` is sent when we die without having stopped it.
        """
        self._last_signal = last_signal
        with log.open("ab") if log else nullcontext() as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if log else None,
                env=environment,
                cwd=log.parent if log else None,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                start_new_session=True,  # the terminal's Ctrl-C is for us; we stop the server
            )
        self._guard = _guard(self._process.pid, last_signal)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        code = self._process.wait()
        _end(self._guard)
        return code

    def stop(self, by: signal.Signals | None = None, timeout: float = 30) -> None:
        """Send a signal (default: the last one), wait, and kill what is left."""
        _end(self._guard)
        if self.running:
            self._process.send_signal(by or self._last_signal)
            with suppress(subprocess.TimeoutExpired):  # then it is killed, below
                self._process.wait(timeout)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _guard(pid: int, last_signal: signal.Signals) -> "subprocess.Popen[bytes]":
    # It reads from a pipe that only we hold open: however we end, kill -9 included, it goes on.
    script = 'read -r _; kill -"$1" "$2"'
    return subprocess.Popen(
        ["sh", "-c", script, "guard", str(last_signal.value), str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    if process.stdin:
        process.stdin.close()


def wait_until(
    ready: Callable[[], bool], process: ServerProcess, name: str, log: Path, timeout: float
) -> None:
    """Return when `ready` says so; raise `ServerFailed` with the end of the log otherwise."""
    deadline = monotonic() + timeout
    while not ready():
        if not process.running or monotonic() > deadline:
            why = f"was not ready after {timeout:.0f} s" if process.running else "ended at once"
            raise ServerFailed(f"{name} {why}. The end of its log:\n{tail(log)}")
        sleep(0.02)


def start_on_a_free_port(start: Callable[[], None], change_port: Callable[[], bool]) -> None:
    """Start a server; where somebody else was faster to take its port, change it and try again."""
    for _ in range(3):
        try:
            return start()
        except ServerFailed as failure:
            taken = re.search("eaddrinuse|address already in use", str(failure), re.IGNORECASE)
            if not (taken and change_port()):
                raise
    return start()


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end us the way Ctrl-C does, so that everything is undone."""
    ours = []
    if threading.current_thread() is threading.main_thread():
        signals = (signal.SIGTERM, signal.SIGHUP)
        ours = [number for number in signals if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # the undoing is not to be interrupted by a second one
    raise KeyboardInterrupt

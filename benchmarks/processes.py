"""Processes of a run: started, watched, their CPU time read, stopped by pid."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep

_TICKS = os.sysconf("SC_CLK_TCK")
_LISTEN = "0A"


class Process:
    """A process and its children in a group of their own, output in a file."""

    def __init__(
        self,
        role: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        ready: str,
        log: Path,
    ) -> None:
        """`ready`: what the output says once the process is at work."""
        self.role = role
        self._arguments = arguments
        self._environment = environment
        self._ready = ready.encode()
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("wb") as output:
            self._popen = subprocess.Popen(
                self._arguments,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    @property
    def is_ready(self) -> bool:
        if self._popen is None or self._popen.poll() is not None:
            raise RuntimeError("a process ended at once")
        return self._ready in self._log.read_bytes()

    @property
    def has_ended(self) -> bool:
        return self._popen is not None and self._popen.poll() is not None

    def stop(self, timeout: float = 30) -> int:
        """End the process, gently if it lets us, and return its exit code."""
        if self._popen is None:
            return 0
        self._popen.terminate()
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            return self._popen.wait()


def wait_until(
    condition: Callable[[], object], what: str, timeout: float, interval: float = 0.02
) -> None:
    """Ask until it holds, and raise `TimeoutError` with `what` when the time is over."""
    deadline = monotonic() + timeout
    while not condition():
        if monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}")
        sleep(interval)


def cpu_seconds(root: int) -> float:
    """Return what a process, its living descendants and its ended children have used."""
    times = dict(filter(None, map(_stat, _pids())))
    return sum(times[pid][1] for pid in _tree(root, times) if pid in times) / _TICKS


def memory(root: int) -> int:
    """Return the resident bytes of a process and its descendants, shared pages counted once."""
    return sum(map(_resident, _tree(root, dict(filter(None, map(_stat, _pids()))))))


def listener(port: int) -> int | None:
    """Return the process that listens on this TCP port, where we may know it."""
    inodes = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port
    }
    return next((pid for pid in sorted(_pids()) if inodes & _links(pid)), None)


def _tree(root: int, stats: Mapping[int, tuple[int, int]]) -> set[int]:
    tree, grown = {root}, True
    while grown:
        children = {pid for pid, (parent, _) in stats.items() if parent in tree} - tree
        tree |= children
        grown = bool(children)
    return tree


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _links(pid: int) -> set[str]:
    try:
        return {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return set()


def _stat(pid: int) -> tuple[int, tuple[int, int]] | None:
    try:
        # The name in parentheses may hold spaces; the rest may not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return pid, (int(fields[1]), sum(map(int, fields[11:15])))

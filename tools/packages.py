"""The system's package manager, where we may use it: Debian and Ubuntu, as root."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.processes import ServerMissing

_POLICY = Path("/usr/sbin/policy-rc.d")


def install(package: str, program: str, variable: str | None, say: Callable[[str], object]) -> None:
    """Install a package, or raise `ServerMissing` with a sentence that says what to do instead.

    `variable`: where a server of that kind may be given, if it may.
    """
    advice = f"install {program} (package {package})"
    if variable:
        advice += f", start Docker, or set {variable}"
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        raise ServerMissing(f"{program} was not found and cannot be installed from here: {advice}.")
    say(f"Installing {program} with apt-get; this takes a minute")
    with _services_kept_from_starting():
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
            failure = _apt_get(arguments)
            if failure:
                raise ServerMissing(f"{program} could not be installed ({failure}): {advice}.")


def _apt_get(arguments: list[str]) -> str | None:
    """Return the last words of a run that failed."""
    done = subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    return (done.stdout.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process of this machine look and install, while others wait to look themselves."""
    with (Path(tempfile.gettempdir()) / "ddd-component-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _services_kept_from_starting() -> Iterator[None]:
    # Debian starts a service as it is installed, on the default port and for ever; this is the
    # documented way to say no. Where somebody already has a policy, it is theirs and stays.
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()

"""The integration tests and the short chaos run against RabbitMQ 4: `make compat`.

Where the installed RabbitMQ is older, as on Debian 12, a small Debian 13 is put into a folder of
the user's cache, once (1 GB, a minute or two), and its RabbitMQ is started from there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import packages
from tools.processes import ServerFailed, ServerMissing
from tools.rabbitmq_installation import rabbitmq_version

SUITE = "trixie"  # Debian 13, with RabbitMQ 4.0
TESTS = ("tests/integration", "tests/chaos")
# The mounts live in a namespace of ours, so that none is left behind, however we end.
_MOUNTED = """\
mount -t proc proc "$1/proc"
mkdir -p "$1/dev/shm" "$1$2"
mount -t tmpfs -o size=512m tmpfs "$1/dev/shm"
mount --bind "$2" "$1$2"
cp /etc/hosts "$1/etc/hosts"
shift 2
exec "$@"
"""
_INSTALL = """\
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends rabbitmq-server
"""


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments on a RabbitMQ 4; return its exit code."""
    test = [sys.executable, "-m", "pytest", *TESTS, *arguments]
    servers = {"AMQP_URL", "DATABASE_URL"}  # chaos kills servers: private ones, all of them
    environment = {k: v for k, v in os.environ.items() if k not in servers}
    try:
        if rabbitmq_version()[:1] < [4]:
            root = _system()
            test = [*_mounted(root), *test]
            environment["RABBITMQ_CHROOT"] = str(root)
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return subprocess.run(test, env=environment, check=False).returncode


def _system() -> Path:
    """Return the folder of a Debian with RabbitMQ 4, made if need be."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = cache / "ddd-component" / SUITE
    complete = root / "complete"
    if not complete.exists():
        if os.geteuid() != 0:
            raise ServerMissing("The installed RabbitMQ is older than 4; as root, one is put up.")
        if shutil.which("debootstrap") is None:
            packages.install("debootstrap", "debootstrap", "AMQP_URL", print)
        print(f"Putting a Debian {SUITE} with its RabbitMQ into {root}", flush=True)
        root.mkdir(parents=True, exist_ok=True)
        _run("debootstrap", "--variant=minbase", SUITE, str(root), _mirror())
        _run(*_mounted(root), "chroot", str(root), "sh", "-ec", _INSTALL)
        complete.touch()
    return root


def _mounted(root: Path) -> list[str]:
    """Return the words before a command that let it use the system in this folder."""
    temporary = str(Path(tempfile.gettempdir()).resolve())
    return ["unshare", "--mount", "sh", "-ec", _MOUNTED, "sh", str(root), temporary]


def _mirror() -> str:
    """Return the address that this system takes its own packages from."""
    uris = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(uris, capture_output=True, text=True, check=True).stdout.split()
    if not listed:
        raise ServerMissing("apt knows of no archive to take a Debian from.")
    return listed[0]


def _run(*command: str) -> None:
    # Outside of our virtual environment's PATH, in a language that a minimal system has.
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"{command[0]} failed:\n{done.stdout[-2000:]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

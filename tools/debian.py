"""Rooms: folders of the user's cache, each with a Debian of another release, made once, as root.

Nothing of this system changes: what is mounted is mounted in a namespace, which ends with it.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools import packages
from tools.processes import ServerFailed, ServerMissing

_INCOMPLETE = "incomplete"  # the mark of a room that was not finished
_MOUNTED = """\
mount -t proc proc "$1/proc"
mkdir -p "$1/dev/shm" "$1$2"
mount -t tmpfs -o size=512m tmpfs "$1/dev/shm"
mount --bind "$2" "$1$2"
cp /etc/hosts /etc/resolv.conf "$1/etc/"
shift 2
exec "$@"
"""
# No service starts as it is installed. A testing release's lists may be past their date on a mirror
# that lags; their signatures are checked all the same.
_INSTALL = """\
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
apt-get -qq -o Acquire::Check-Valid-Until=false update
DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@"
apt-get clean
"""


def cache() -> Path:
    """Return the folder where rooms are kept from one run to the next."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ddd-component"


def room(suite: str, name: str, *wanted: str) -> Path:
    """Return the folder of a Debian of this release with these packages, made if need be."""
    root = cache() / f"{suite}-{name}"
    with packages.one_at_a_time():
        if not _is_complete(root):
            base = _base(suite)
            print(f"Putting {' '.join(wanted)} of Debian {suite} into {root}", flush=True)
            _begin(root)
            run("cp", "--archive", "--reflink=auto", f"{base}/.", str(root))
            run(*mounted(root), "chroot", str(root), "sh", "-ec", _INSTALL, "sh", *wanted)
            (root / _INCOMPLETE).unlink()
    return root


def mounted(root: Path) -> list[str]:
    """Return the words before a command that let it use the system in this folder.

    Our temporary folder is at the same place there. Killed, the command takes its children along.
    """
    temporary = str(Path(tempfile.gettempdir()).resolve())
    return ["unshare", "--mount", "sh", "-ec", _MOUNTED, "sh", str(root), temporary]


def run(*command: str, **environment: str) -> str:
    """Run a command to its end and return what it printed; raise `ServerFailed` with its end."""
    # Outside of our virtual environment's PATH, in a language that a minimal system has.
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"{' '.join(command[:2])} failed:\n{done.stdout[-2000:]}")
    return done.stdout


def _base(suite: str) -> Path:
    """Return the folder of a minimal Debian of this release, made if need be."""
    root = cache() / f"{suite}-base"
    if not _is_complete(root):
        if os.geteuid() != 0:
            raise ServerMissing(f"Only root can put up a Debian {suite} of its own in {root}.")
        if shutil.which("debootstrap") is None:
            packages.install("debootstrap", "debootstrap", "AMQP_URL", print)
        print(f"Putting a Debian {suite} into {root}", flush=True)
        _begin(root)
        options = ("--variant=minbase", "--include=ca-certificates")
        run("debootstrap", *options, suite, str(root), _mirror(), *_script(suite))
        (root / _INCOMPLETE).unlink()
    return root


def _script(suite: str) -> list[str]:
    """Return how an older debootstrap is told of a release that it does not know."""
    scripts = Path("/usr/share/debootstrap/scripts")
    return [] if (scripts / suite).exists() else [str(scripts / "sid")]


def _begin(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)  # what an earlier run did not finish
    root.mkdir(parents=True)
    (root / _INCOMPLETE).touch()


def _is_complete(root: Path) -> bool:
    return root.exists() and not (root / _INCOMPLETE).exists()


def _mirror() -> str:
    """Return the address that this system takes its own packages from."""
    uris = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(uris, capture_output=True, text=True, check=True).stdout.split()
    if not listed:
        raise ServerMissing("apt knows of no archive to take a Debian from.")
    return listed[0]

"""A Docker engine of our own, where none runs and no image registry is reached: as root on Debian.

It lives in a network, mount and pid namespace: no bridge and no rule appears on this machine, its
ports are its own, and with one process all of it ends. Debian rooms stand in for base images.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, run

from tools import debian
from tools.processes import ServerProcess, wait_until
from tools.workers import ROOT

_SUITE = "trixie"  # its Docker knows Compose 2
_PACKAGES = (
    *("docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd", "runc"),
    *("iptables", "slirp4netns", "iproute2", "tini", "git"),
)
_PYTHON = ("python3.13", "python3.13-venv", "python3-pip", "passwd")
_PROJECT, _ROOMS = "/run/project", "/run/rooms"  # where it sees the clone, and the rooms
# Not chroot: health checks join the root of the mount namespace, and after a chroot that would be
# this machine's own.
_ENGINE = """\
mount --bind "$1" "$1"; cd "$1"
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs tmpfs run
mkdir -p var/lib/docker run/project run/rooms
mount --bind "$2" run/project
mount --bind "$3" run/rooms
mount --bind "$3/engine-data" var/lib/docker
ip link set lo up
mkdir -p old; pivot_root . old; cd /; umount -l old
while ! ip -o link | grep -q tap0; do sleep 0.1; done
exec dockerd --exec-opt native.cgroupdriver=cgroupfs
"""
# The way out, as rootless Docker has it.
_NETWORK = """\
mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"
exec chroot "$1" slirp4netns --configure --mtu=1400 --disable-host-loopback "$2" tap0
"""


class Engine:
    """A running engine."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def docker(self, *arguments: str) -> list[str]:
        """Return the words that run its docker client, in the clone."""
        return self.inside("env", "--chdir", _PROJECT, "docker", *arguments)

    def inside(self, *command: str) -> list[str]:
        """Return the words that run a program of the engine's own system."""
        namespaces = ("--mount", "--net", "--pid")
        return ["nsenter", *namespaces, "--target", str(self._pid), "--", *command]

    def near(self, *command: str) -> list[str]:
        """Return the words that run a program of this machine where published ports are reached."""
        return ["nsenter", "--net", "--target", str(self._pid), "--", *command]


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Yield an engine that has the images which the project's files name."""
    root = debian.room(_SUITE, "engine", *_PACKAGES)
    (debian.cache() / "engine-data").mkdir(exist_ok=True)
    (root / "etc/resolv.conf").write_text(Path("/etc/resolv.conf").read_text())
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    log = folder / "engine.log"
    namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    words = ["sh", "-ec", _ENGINE, "sh", str(root), str(ROOT), str(debian.cache())]
    outer = ServerProcess([*namespaces, *words], log, environment)
    try:
        wait_until(lambda: bool(_child(outer.pid)), outer, "the engine", log, 10)
        inner = _child(outer.pid)
        words = ["unshare", "--mount", "sh", "-ec", _NETWORK, "sh", str(root), inner]
        network = ServerProcess(words, folder / "network.log", environment)
        try:
            result = Engine(int(inner))
            wait_until(lambda: _answers(result), outer, "the engine", log, 60)
            _stand_in(result)
            yield result
        finally:
            network.stop()
    finally:
        outer.stop()


def _child(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()


def _answers(result: Engine) -> bool:
    words = result.docker("info")
    return run(words, stdout=DEVNULL, stderr=DEVNULL, check=False).returncode == 0


def _stand_in(result: Engine) -> None:
    """Make the base images of Debian rooms, where they are not there from an earlier run."""
    _import(result, "python:3.13-slim-bookworm", _python)
    _import(result, "room-rabbitmq", lambda: debian.room(_SUITE, "rabbitmq", "rabbitmq-server"))
    _import(result, "room-postgresql", lambda: debian.room(_SUITE, "postgresql", "postgresql-17"))
    _build(result, "rabbitmq:4-management", "rabbitmq")
    _build(result, "postgres:17", "postgres")


def _python() -> Path:
    root = debian.room(_SUITE, "python", *_PYTHON)
    (root / "usr/bin/python").unlink(missing_ok=True)
    (root / "usr/bin/python").symlink_to("python3")
    for path in [*root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"), *root.rglob("*.pyc")]:
        path.unlink()  # as the official image has none
    # Whom this machine trusts, an installation in a build trusts, too.
    trusted = "etc/ssl/certs/ca-certificates.crt"
    (root / trusted).write_bytes(Path("/", trusted).read_bytes())
    return root


def _import(result: Engine, image: str, make: Callable[[], Path]) -> None:
    if debian.run(*result.docker("image", "ls", "--quiet", image)):
        return
    room = f"{_ROOMS}/{make().name}"
    print(f"Making the image {image} of {room}", flush=True)
    files = f"tar -C {room} --exclude './proc/*' --exclude './dev/*' -c ."
    debian.run(*result.inside("sh", "-c", f"{files} | docker import - {image}"))


def _build(result: Engine, image: str, name: str) -> None:
    file = f"tools/images/{name}.Dockerfile"
    debian.run(*result.docker("build", "--quiet", "--tag", image, "--file", file, "tools/images"))

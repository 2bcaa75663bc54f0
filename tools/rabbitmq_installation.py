"""Where a RabbitMQ is installed.

`RABBITMQ_CHROOT` names the folder of another system whose RabbitMQ is to be used instead of this
one's; it has to have our temporary folder at the same place, and we have to be root.
"""

import os
import re
import shutil
from itertools import chain
from pathlib import Path

_HOMES = (
    "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin",
    "usr/local/lib/rabbitmq_server-*/sbin",
    "opt/rabbitmq*/sbin",
    "opt/homebrew/opt/rabbitmq/sbin",
    "usr/local/opt/rabbitmq/sbin",
)


def rabbitmq_scripts() -> Path | None:
    """Return the folder of an installed RabbitMQ's own scripts, the newest one's.

    Not the scripts a distribution puts on the PATH: those change the user, or refuse to run.
    """
    found = [*chain.from_iterable(_root().glob(pattern) for pattern in _HOMES)]
    on_path = shutil.which("rabbitmq-server")
    if on_path and not chroot():
        found.append(Path(on_path).resolve().parent)
    found = [folder for folder in found if _is_complete(folder)]
    return max(found, key=_version, default=None)


def rabbitmq_version() -> list[int]:
    """Return the version of the RabbitMQ that nodes are started from; nothing where none is."""
    scripts = rabbitmq_scripts()
    return _version(scripts.parent.resolve()) if scripts else []


def chroot() -> Path | None:
    """Return the folder of the other system, where one is to be used."""
    folder = os.environ.get("RABBITMQ_CHROOT")
    return Path(folder).resolve() if folder else None


def _root() -> Path:
    return chroot() or Path("/")


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder.relative_to(_root())))]


def _is_complete(folder: Path) -> bool:
    names = ("rabbitmq-server", "rabbitmqctl", "rabbitmq-env")
    return all((folder / name).exists() for name in names) and epmd() is not None


def epmd() -> str | None:
    beside_erlang = (str(p) for p in _root().glob("usr/lib/erlang/erts-*/bin/epmd"))
    on_path = None if chroot() else shutil.which("epmd")
    return on_path or next(beside_erlang, None)


def program(path: str | Path) -> list[str | Path]:
    """Return the words that run a program of the system that the nodes are started from."""
    root = chroot()
    return ["chroot", root, Path("/") / Path(path).relative_to(root)] if root else [path]

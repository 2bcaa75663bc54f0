"""The client libraries of docs/from-your-library.md, and how each of its programs is run.

Node's are had by npm, Python's by pip into a folder of the user's cache, all others from a small
Debian in that cache, once (1 GB, a few minutes, as root). Versions are those of the lock files and
of that Debian.
"""

import hashlib
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from tools import debian
from tools.node import node_modules

PAGE = Path(__file__).parents[2] / "docs" / "from-your-library.md"
CORE = ("amqplib", "pika", "aio-pika")  # need nothing that the tests do not have anyway
SUITE = "trixie"
PACKAGES = (
    "amqp-tools",
    *("php-cli", "php-amqplib", "php-amqp"),
    "ruby-bunny",
    *("golang-go", "golang-github-rabbitmq-amqp091-go-dev"),
    *("openjdk-21-jdk-headless", "librabbitmq-client-java"),
    *("gcc", "libc6-dev", "librabbitmq-dev", "uuid-dev"),
    *("libmojo-rabbitmq-client-perl", "libanyevent-rabbitmq-perl"),
)

_LOCK = Path(__file__).with_name("requirements.lock")
_BLOCK = re.compile(r"^```(\w+) ([\w-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_JARS = "/usr/share/java/amqp-client.jar:/usr/share/java/slf4j-api.jar"
_GO = "GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(pwd)/cache go run"
_BUILT = 'gcc -o create "$1" -lrabbitmq -luuid; ./create'
# What the program of a language needs to be run, and the name of its file.
_IN_DEBIAN = {
    "sh": ("sh", "create.sh"),
    "php": ("php", "create.php"),
    "ruby": ("ruby", "create.rb"),
    "go": (_GO, "create.go"),
    "java": (f"java -cp {_JARS}", "Create.java"),
    "c": (f"sh -ec '{_BUILT}' sh", "create.c"),
    "perl": ("perl", "create.pl"),
}


class Program(NamedTuple):
    """A program of the page."""

    language: str
    library: str
    text: str


def programs() -> dict[str, Program]:
    """Return the page's programs by their libraries."""
    found = (Program(*block) for block in _BLOCK.findall(PAGE.read_text()))
    return {program.library: program for program in found}


def command(program: Program, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the words that run the program, written into this folder, and their environment."""
    if program.language == "js":
        return ["node", _written(program, folder, "create.js")], {
            "NODE_PATH": str(node_modules(print))
        }
    if program.language == "python":
        python = sys.executable if program.library in CORE else str(_python())
        return [python, _written(program, folder, "create.py")], {}
    interpreter, name = _IN_DEBIAN[program.language]
    _written(program, folder, name)
    root = debian.room(SUITE, "clients", *PACKAGES)
    script = f"cd {folder} && {interpreter} {name}"
    return [*debian.mounted(root), "chroot", str(root), "sh", "-ec", script], {"LC_ALL": "C.UTF-8"}


def _written(program: Program, folder: Path, name: str) -> str:
    (folder / name).write_text(program.text)
    return str(folder / name)


def _python() -> Path:
    """Return a Python that has what the lock file lists."""
    name = hashlib.sha256(_LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = debian.cache() / f"python-libraries-{name}"
    if not folder.exists():
        new = folder.with_name(f"{folder.name}-new")
        shutil.rmtree(new, ignore_errors=True)
        debian.run(sys.executable, "-m", "venv", str(new))
        pip = [str(new / "bin" / "python"), "-m", "pip", "-qq", "--disable-pip-version-check"]
        debian.run(*pip, "install", "--require-hashes", "-r", str(_LOCK))
        new.rename(folder)  # a venv's Python finds its packages beside itself
    return folder / "bin" / "python"

"""What tests need of Node: the program from the machine or its package manager, the rest by npm."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tools import packages
from tools.debian import run

FOLDER = Path(__file__).parent / "node"

_LOCK = FOLDER / "package-lock.json"
_INSTALLED = FOLDER / "node_modules" / ".installed"  # a copy of the lock file, written at the end


def node_modules(say: Callable[[str], object]) -> Path:
    """Return the folder of what the lock file lists, installed if need be."""
    with packages.one_at_a_time():
        if shutil.which("npm") is None:
            packages.install("npm", "npm", None, say)
        if not (_INSTALLED.exists() and _INSTALLED.read_bytes() == _LOCK.read_bytes()):
            say("Installing what tools/node lists with npm")
            # Nothing of what is installed runs something of its own at that.
            options = "--ignore-scripts", "--no-audit", "--no-fund"
            run("npm", "ci", "--prefix", str(FOLDER), *options, PATH=os.environ["PATH"])
            shutil.copyfile(_LOCK, _INSTALLED)
    return _INSTALLED.parent

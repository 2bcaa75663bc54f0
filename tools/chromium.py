"""The browser in which tests look at pages: from the machine, or by its package manager."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tools import packages

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium(say: Callable[[str], object]) -> Path:
    """Return the path of a Chromium, installed if need be."""
    with packages.one_at_a_time():
        if _on_path() is None:
            packages.install("chromium", "Chromium", None, say)
    found = _on_path()
    assert found is not None, "the package has brought a program"
    return Path(found)


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)

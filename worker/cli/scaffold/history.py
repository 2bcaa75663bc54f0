"""What git knows: which files it could bring back."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def kept_by_git(root: Path, paths: Sequence[str]) -> set[str] | None:
    """Return those of the files that are in a commit or staged as they are; None without git."""
    if shutil.which("git") is None:
        return None
    tracked = _git(root, "ls-files", "-z", "--", *paths)
    changed = _git(root, "ls-files", "-z", "--modified", "--", *paths)
    return None if tracked is None or changed is None else tracked - changed


def _git(root: Path, *arguments: str) -> set[str] | None:
    """Return the files that git names; None where it knows of no repository."""
    result = subprocess.run(
        ["git", *arguments],  # noqa: S607 - the one that a person would run
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if result.returncode else set(result.stdout.split("\0")) - {""}

"""A copy of the repository, in which a test may do what a reader of the documentation does."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.project import ROOT


def copy_repository(folder: Path) -> None:
    """Copy what git would commit, as it is now."""
    listing = ["git", "ls-files", "-coz", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def lend_environment(folder: Path) -> None:
    """Give the copy the virtual environment that we run in, as `make setup` would have made one."""
    (folder / ".venv").mkdir()
    for item in Path(sys.prefix).iterdir():
        (folder / ".venv" / item.name).symlink_to(item)
    (folder / ".venv" / "installed").unlink(missing_ok=True)
    (folder / ".venv" / "installed").touch()

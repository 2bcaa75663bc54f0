"""Lays out drafts as `make lint` wants them, in a folder of their own, before they are written."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click


def formatted(root: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts with imports sorted, unused ones left out, and lines laid out."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        _ruff(root, folder, "check", "--fix-only", "--select", "I,F401")
        _ruff(root, folder, "format")
        return {path: (folder / path).read_text() for path in texts}


def _ruff(root: Path, folder: Path, *arguments: str) -> None:
    settings = "--config", str(root / "pyproject.toml"), "--config", f"src = ['{root}', '{folder}']"
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--quiet", "--no-cache", *settings, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise click.ClickException(
            f"ruff, which lays out what is written, says: {result.stderr.strip()}."
            " Has `make setup` been run?"
        )

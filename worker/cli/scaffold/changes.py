"""Files to create, edit and delete: shown first, then made, all of them or none."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import click


class Changes:
    """`texts`: what each file will hold, by its path below `root`; None where it will be gone."""

    def __init__(self, root: Path, texts: Mapping[str, str | None]) -> None:
        self._root = root
        self._texts = dict(texts)

    def show(self) -> None:
        for path, text in self._texts.items():
            verb = (
                "delete" if text is None else "edit" if (self._root / path).exists() else "create"
            )
            click.echo(f"{verb:>12}  {path}")

    def make(self) -> None:
        """Make all changes, in their order; where one fails, none is left."""
        with ExitStack() as undo:
            for path, text in self._texts.items():
                target = self._root / path
                if text is None:
                    _delete(target, undo)
                elif target.exists():
                    undo.callback(_replace, target, target.read_text())
                    _replace(target, text)
                else:
                    _create(target, text, undo)
            undo.pop_all()
        for path, text in self._texts.items():
            if text is None:
                _tidy((self._root / path).parent)


def _create(target: Path, text: str, undo: ExitStack) -> None:
    for folder in _missing_folders(target):
        folder.mkdir()
        undo.callback(folder.rmdir)
    with target.open("x") as file:
        undo.callback(target.unlink)
        file.write(text)


def _missing_folders(target: Path) -> Iterator[Path]:
    """Give the folders that have to be made first, the outermost first."""
    yield from (folder for folder in reversed(target.parents) if not folder.exists())


def _replace(target: Path, text: str) -> None:
    """Write anew, so that whoever reads finds the old text or the new one."""
    draft = target.with_name(f".{target.name}.new")
    try:
        draft.write_text(text)
        shutil.copymode(target, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _delete(target: Path, undo: ExitStack) -> None:
    content, mode = target.read_bytes(), target.stat().st_mode
    target.unlink()
    undo.callback(target.chmod, mode)
    undo.callback(target.write_bytes, content)


def _tidy(folder: Path) -> None:
    """Remove the folders in which nothing is left but what Python has compiled."""
    while folder.is_dir() and all(entry.name == "__pycache__" for entry in folder.iterdir()):
        shutil.rmtree(folder)
        folder = folder.parent

"""Which code imports what belongs to an aggregate."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LAYERS = ("domain", "schemas", "persistence")

_PART = re.compile(rf"(?:{'|'.join(LAYERS)})\.(\w+)")


def packages_of(statement: ast.stmt) -> set[str]:
    """Return the packages and modules below the layers from which a statement imports."""
    if isinstance(statement, ast.Import):
        names = [alias.name for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom):
        names = [f"{statement.module}.{alias.name}" for alias in statement.names]
    else:
        return set()
    return {found[1] for found in map(_PART.match, names) if found}


def importers(root: Path, package: str) -> Iterator[str]:
    """Give the files that import what belongs to an aggregate, by their paths below `root`."""
    for folder in filter(_is_code, sorted(root.iterdir())):
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text()
            statements = ast.walk(ast.parse(text)) if package in text else ()
            if any(package in packages_of(s) for s in statements if isinstance(s, ast.stmt)):
                yield str(path.relative_to(root))


def _is_code(folder: Path) -> bool:
    """Tell a folder of ours from those of tools and from a virtual environment."""
    return (
        folder.is_dir() and not folder.name.startswith(".") and not (folder / "pyvenv.cfg").exists()
    )

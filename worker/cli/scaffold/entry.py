"""The one file that lists the aggregates: an entry more, an entry less."""

import ast
import re
from dataclasses import dataclass

import click

from worker.cli.scaffold.imports import packages_of

FILE = "worker/aggregates.py"


@dataclass(frozen=True)
class _Piece:
    """A part of the file, as bytes: that is how Python counts columns."""

    start: int
    end: int
    text: str


class Entries:
    """The entries of such a file, by the package of their aggregate."""

    def __init__(self, source: str) -> None:
        self._data = source.encode()
        tree = ast.parse(source)
        listed = _listed(tree)
        self._list = self._piece(listed)
        self._entries = {_package(ast.unparse(entry)): self._piece(entry) for entry in listed.elts}
        self._imports = [
            (packages_of(statement), self._piece(statement))
            for statement in tree.body
            if isinstance(statement, ast.Import | ast.ImportFrom)
        ]

    @property
    def packages(self) -> list[str]:
        return list(self._entries)

    def entry(self, package: str) -> str:
        """Return the text of an entry."""
        return self._entries[package].text

    def imports(self, package: str) -> str:
        """Return the import statements of what belongs to the package."""
        return "\n".join(piece.text for of, piece in self._imports if package in of)

    def with_entry(self, entry: str, imports: str) -> str:
        """Return the file with an entry more, the last one."""
        last = max((piece.end for piece in self._entries.values()), default=self._list.start + 1)
        comma = ",\n" if self._entries else ""
        behind = "" if self._entries else ","
        after_imports = self._imports[-1][1].end
        return self._spliced(
            (after_imports, after_imports, f"\n{imports}\n"),
            (last, last, f"{comma}{entry}{behind}"),
        )

    def without_entry(self, package: str) -> str:
        """Return the file without an entry and its imports."""
        entry = self._entries[package]
        comma = re.match(rb"\s*,", self._data[entry.end :])
        end = entry.end + (comma.end() if comma else 0)
        gone = [(piece.start, piece.end, "") for of, piece in self._imports if package in of]
        return self._spliced(*gone, (entry.start, end, ""))

    def _spliced(self, *parts: tuple[int, int, str]) -> str:
        data = self._data
        for start, end, text in sorted(parts, reverse=True):
            data = data[:start] + text.encode() + data[end:]
        return data.decode()

    def _piece(self, node: ast.stmt | ast.expr) -> _Piece:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        lines = self._data.splitlines(keepends=True)
        start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
        end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
        return _Piece(start, end, self._data[start:end].decode())


def _listed(tree: ast.Module) -> ast.Tuple:
    """Return the tuple of `AGGREGATES`."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        named = any(isinstance(t, ast.Name) and t.id == "AGGREGATES" for t in targets)
        if named and isinstance(statement.value, ast.Tuple):
            return statement.value
    raise click.ClickException(
        f"{FILE} has no `AGGREGATES = (Aggregate(…), …)` to edit: write it in this form."
    )


def _package(entry: str) -> str:
    """Return the package of the aggregate whose commands the entry names."""
    found = re.search(r"\bdomain\.(\w+)", entry)
    return found[1] if found else entry

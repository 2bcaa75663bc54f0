"""Which tables belong to an aggregate, and the migrations that make and drop them."""

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

from alembic.autogenerate import render_python_code
from alembic.config import Config
from alembic.operations.ops import (
    CreateIndexOp,
    CreateTableOp,
    DowngradeOps,
    DropTableOp,
    MigrateOperation,
    UpgradeOps,
)
from alembic.script import ScriptDirectory
from alembic.util import template_to_file
from sqlalchemy import MetaData, Table, TypeDecorator

import persistence
from persistence.columns import metadata

_MIGRATIONS = Path(__file__).parent / "migrations"
_BEFORE_A_DROP = """\
# Workers of an older release need the table, and do not start without it: stop them first, or
    # keep this file back for the next release, as the code that goes with it is content with both.
    """
_REVISION = re.compile(r"\d+")


def load_all_tables() -> None:
    """Import every module of ours that defines tables."""
    for module in walk_packages(persistence.__path__, "persistence."):
        if not module.name.startswith("persistence.migrations"):
            __import__(module.name)


def tables_of(folder: Path) -> list[Table]:
    """Return the tables that the modules of a folder define, each behind those it refers to."""
    names = {
        call.args[0].value
        for path in folder.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Table"
        and isinstance(call.args[0], ast.Constant)
    }
    load_all_tables()
    return [table for table in metadata.sorted_tables if table.name in names]


def referring_to(tables: Sequence[Table]) -> list[str]:
    """Return the names of other tables that have a foreign key to one of these."""
    names = {table.name for table in tables}
    return sorted(
        table.name
        for table in metadata.sorted_tables
        if table.name not in names and names & {k.column.table.name for k in table.foreign_keys}
    )


class NextMigration:
    """The migration after the newest one."""

    def __init__(self, *, instead_of_newest: bool = False) -> None:
        """`instead_of_newest`: the newest one itself, as it would be written today."""
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        script = ScriptDirectory.from_config(config)
        revisions = {r.revision for r in script.walk_revisions()}
        self.after = script.get_current_head()
        if instead_of_newest and self.after:
            self.revision = self.after
            before = script.get_revision(self.after).down_revision
            self.after = before if isinstance(before, str) else None
        else:
            numbers = [int(name) for name in revisions if _REVISION.fullmatch(name)]
            self.revision = f"{max(numbers, default=0) + 1:04}"

    def path(self, slug: str) -> str:
        """Return where the migration stands, from the project's folder."""
        folder = _MIGRATIONS.relative_to(_MIGRATIONS.parents[1]) / "versions"
        return str(folder / f"{self.revision}_{slug}.py")

    def making(self, tables: Sequence[Table], message: str) -> str:
        return self._written(message, up=_create(tables), down=_drop(tables))

    def dropping(self, tables: Sequence[Table], message: str) -> str:
        return self._written(message, up=_drop(tables), down=_create(tables))

    def _written(
        self, message: str, up: list[MigrateOperation], down: list[MigrateOperation]
    ) -> str:
        upgrades, downgrades = _python(UpgradeOps(up)), _python(DowngradeOps(down))
        remark = _BEFORE_A_DROP if upgrades.startswith("op.drop") else ""
        dialects = set(re.findall(r"\b(postgresql|sqlite)\.\w", upgrades + downgrades))
        with TemporaryDirectory() as folder:
            draft = Path(folder) / "draft.py"
            template_to_file(
                str(_MIGRATIONS / "script.py.mako"),
                str(draft),
                "utf-8",
                message=message,
                up_revision=self.revision,
                down_revision=self.after,
                branch_labels=None,
                depends_on=None,
                imports="\n".join(f"from sqlalchemy.dialects import {d}" for d in sorted(dialects)),
                upgrades=remark + upgrades,
                downgrades=downgrades,
            )
            return draft.read_text()


def _python(operations: UpgradeOps | DowngradeOps) -> str:
    lines = render_python_code(operations).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("#")).strip()


def _create(tables: Sequence[Table]) -> list[MigrateOperation]:
    operations: list[MigrateOperation] = []
    for table in _plain(tables):
        operations.append(CreateTableOp.from_table(table))
        operations += map(
            CreateIndexOp.from_index, sorted(table.indexes, key=lambda i: str(i.name))
        )
    return operations


def _drop(tables: Sequence[Table]) -> list[MigrateOperation]:
    return [DropTableOp.from_table(table) for table in reversed(_plain(tables))]


def _plain(tables: Sequence[Table]) -> list[Table]:
    """Return the tables with our own types as what they are in the database."""
    copies = MetaData()
    plain = [table.to_metadata(copies) for table in tables]
    for column in (column for table in plain for column in table.columns):
        if isinstance(column.type, TypeDecorator):
            column.type = column.type.impl_instance
    return plain

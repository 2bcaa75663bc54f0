"""The layers of the house, and no work at import."""

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.project import PACKAGES, PYTHON, ROOT, environment

KNOWS = {
    "domain": {"domain"},
    "schemas": {"domain", "schemas", "marshmallow"},
    "persistence": {"domain", "persistence", "sqlalchemy", "alembic", "psycopg"},
}
FORBIDDEN_TO_THE_WORKER = {"sqlalchemy", "alembic", "psycopg", "marshmallow"}

# Run in a process of its own: `import` may read files and nothing else.
_IMPORT = """
import importlib, sys

def forbid(event, arguments):
    if event.startswith(("socket.", "sqlite3.connect", "subprocess.", "os.fork", "os.mkdir")):
        raise RuntimeError(f"{event} at import")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise RuntimeError(f"{arguments[0]} is written at import")

sys.addaudithook(forbid)
importlib.import_module(sys.argv[1])
"""


def modules() -> list[str]:
    found = []
    for package in PACKAGES:
        walked = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        found += [package, *(module.name for module in walked)]
    # Alembic runs these, they are not imported.
    return [name for name in found if not name.startswith("persistence.migrations")]


def imports(package: str) -> Iterator[tuple[str, str]]:
    """Give (file, imported top-level package) for every import statement of a package."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} imports relatively"
                names = [node.module or ""]
            else:
                continue
            for name in names:
                yield str(path.relative_to(ROOT)), name.partition(".")[0]


@pytest.mark.parametrize("package", KNOWS)
def test_a_layer_imports_only_what_it_may_know(package):
    allowed = KNOWS[package] | sys.stdlib_module_names
    strangers = [(path, name) for path, name in imports(package) if name not in allowed]
    assert strangers == []


def test_the_worker_leaves_database_and_schemas_to_those_who_own_them():
    strangers = [item for item in imports("worker") if item[1] in FORBIDDEN_TO_THE_WORKER]
    assert strangers == []


def test_the_walk_over_modules_finds_the_whole_house():
    assert {"domain.entity.service", "schemas.codec", "worker.cli.people"} <= set(modules())


def run_import(code: str, module: str, cwd) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-B", "-c", code, module],
        env=environment(),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_opens_nothing(package, tmp_path):
    names = [name for name in modules() if name.split(".")[0] == package]
    code = _IMPORT + f"for name in {names!r}: importlib.import_module(name)"
    result = run_import(code, package, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


def test_importing_everything_maps_no_class(tmp_path):
    code = f"""
import importlib
for name in {modules()!r}:
    importlib.import_module(name)
from sqlalchemy import inspect
from domain.entity.entity import EntityDTO
print(inspect(EntityDTO, raiseerr=False))
"""
    result = run_import(code, "", tmp_path)
    assert (result.stdout, result.stderr) == ("None\n", "")

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
    "schemas": {"domain", "schemas", "marshmallow", "apispec"},
    "persistence": {"domain", "persistence", "sqlalchemy", "alembic", "psycopg"},
}

# Run in a process of its own: `import` may read files and nothing else.
_IMPORT = """
import importlib, sys

importing = True

def forbid(event, arguments):
    if not importing:
        return
    if event.startswith(("socket.", "sqlite3.connect", "subprocess.", "os.fork", "os.mkdir")):
        raise RuntimeError(f"{event} at import")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise RuntimeError(f"{arguments[0]} is written at import")

sys.addaudithook(forbid)
for name in sys.argv[1:]:
    importlib.import_module(name)
importing = False

import threading
from sqlalchemy import inspect
from worker.aggregates import AGGREGATES
mapped = [a.name for a in AGGREGATES if inspect(a.mapping.dto, raiseerr=False) is not None]
print("mapped:", mapped)
print("threads:", threading.active_count())
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


def test_the_first_line_of_every_module_says_what_it_is():
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    silent = [path for path in paths if not ast.get_docstring(ast.parse(path.read_text()))]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_the_walk_over_modules_finds_the_whole_house():
    assert {"domain.handling", "schemas.fields.text", "worker.cli.sending"} <= set(modules())


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What a process said that has imported every module."""
    return subprocess.run(
        [PYTHON, "-B", "-c", _IMPORT, *modules()],
        env=environment(),
        cwd=tmp_path_factory.mktemp("import"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_importing_opens_and_writes_nothing(imported):
    assert (imported.returncode, imported.stderr) == (0, "")


def test_importing_maps_no_class(imported):
    assert "mapped: []" in imported.stdout


def test_importing_starts_no_thread(imported):
    assert "threads: 1" in imported.stdout

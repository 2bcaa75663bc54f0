"""`new aggregate` and `remove aggregate` in a copy of the repository, as a person calls them."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.copy import copy_repository
from tests.support.project import PYTHON, ROOT, environment

pytestmark = pytest.mark.slow

LONGEST = "the-longest-name-that-is-taken"
AUTHOR = {
    f"GIT_{who}_{what}": f"author@{what}.test"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


class Copy:
    """A copy of the repository under git, in which nothing is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder.parent / f"{folder.name}.db"
        copy_repository(folder)
        self.git("init", "--quiet")
        self.commit()
        if (ROOT / ".mypy_cache").is_dir():  # most is as mypy knows it from `make lint`
            shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")

    def reset(self) -> None:
        self.git("reset", "--quiet", "--hard", self.git("rev-list", "--max-parents=0", "HEAD"))
        self.git("clean", "--quiet", "-d", "--force")
        self.database.unlink(missing_ok=True)

    def git(self, *arguments: str) -> str:
        result = self._run("git", *arguments, **AUTHOR)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def python(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        settings.setdefault("DATABASE_URL", f"sqlite:///{self.database}")
        return self._run(PYTHON, "-m", *arguments, **settings)

    def worker(self, *arguments: str) -> str:
        """Return what a command said that went well."""
        result = self.python("worker", *arguments)
        assert (result.returncode, result.stderr) == (0, ""), result.stderr
        return result.stdout

    def refusal(self, *arguments: str) -> str:
        """Return the one sentence with which a command ended."""
        before = self.files()
        result = self.python("worker", *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert self.files() == before
        return result.stderr

    def files(self) -> dict[str, bytes]:
        """Return the files, but what tools leave there."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not re.search(r"/(\.git|__pycache__|\.\w+_cache)/", str(path))
        }

    def execute(self, sql: str, *values: object) -> None:
        connection = sqlite3.connect(self.database)
        with connection:
            connection.execute(sql, values)
        connection.close()

    def _run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment(**settings), "PYTHONPATH": str(self.folder), "PYTHONWARNINGS": ""},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def the_copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    folder = tmp_path_factory.mktemp("copy") / "component"
    folder.mkdir()
    copy = Copy(folder)
    copy.worker("new", "aggregate", "account")
    copy.git("stash", "--quiet", "--include-untracked")  # for those who need no more than that
    return copy


@pytest.fixture
def copy(the_copy: Copy) -> Iterator[Copy]:
    yield the_copy
    the_copy.reset()


@pytest.fixture
def with_account(copy: Copy) -> Copy:
    """A copy in which somebody has just called `new aggregate account`."""
    copy.git("stash", "apply", "--quiet")
    return copy


def lint(copy: Copy) -> str:
    """Return what `make lint` complains of."""
    said = ""
    for arguments in (
        ("ruff", "format", "--check", "--quiet"),
        ("ruff", "check", "--quiet"),
        ("mypy", "--no-error-summary"),
    ):
        result = copy.python(*arguments)
        said += result.stdout + result.stderr
    linter = Path(sys.executable).with_name("lint-imports")
    result = copy._run(str(linter), "--no-logo", "--no-cache")
    return said + (result.stdout if result.returncode else "")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(copy):
    before = copy.files()
    said = copy.worker("new", "aggregate", "account", "--dry-run")
    lines = [line.split() for line in said.splitlines()]
    assert ["create", "domain/account/account.py"] in lines
    assert ["edit", "worker/aggregates.py"] in lines
    assert lines[-1] == ["Nothing", "was", "written."]
    assert copy.files() == before


def test_new_creates_files_and_edits_one(copy):
    before = copy.files()
    said = copy.worker("new", "aggregate", "account")
    after = copy.files()
    changed = {path for path in before if after[path] != before[path]}
    created = after.keys() - before.keys()
    lines = [line.split() for line in said.splitlines()]
    assert changed == {"worker/aggregates.py"}
    assert created == {line[1] for line in lines if line[0] == "create"}


# The tests of the machinery that look at the aggregates, tables or modules that there are.
LOOK_AROUND = (
    "test_facade",
    "test_catalogue",
    "test_migrations",
    "test_tables",
    "test_checks",
    "test_component",
    "test_composition",
    "test_show",
    "test_money",
    "test_recipes",
    "test_architecture",
)


def look_around(copy: Copy) -> str:
    """Import all tests, run those that look around, as `make check` does; return the last line."""
    chosen = ("-m", "not server and not slow", "-k", " or ".join(LOOK_AROUND))
    result = copy.python("pytest", "tests", *chosen, "-q", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()[-1]


def test_what_is_made_passes_lint_and_alembic_s_check(with_account):
    for name in ("ShoppingCart", LONGEST, "box"):
        with_account.worker("new", "aggregate", name)
    assert lint(with_account) == ""
    with_account.worker("migrate")
    result = with_account.python("alembic", "check")
    assert "No new upgrade operations detected." in result.stdout, result.stderr


def test_an_aggregate_more_changes_no_test_of_the_machinery(with_account):
    assert re.match(r"\d{3} passed, \d+ deselected", look_around(with_account))


def scenarios(copy: Copy, backend: str, **settings: str) -> str:
    """Run the scenarios of accounts on a backend; return what pytest says at the end."""
    result = copy.python(
        "pytest",
        "tests/features/test_account.py",
        *("-q", "-k", backend, "-p", "no:cacheprovider"),
        **settings,
    )
    return result.stdout


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_one_scenario_is_red_and_says_what_to_do(with_account, backend):
    said = scenarios(with_account, backend)
    assert f"FAILED tests/features/test_account.py::test_the_rule_of_an_account[{backend}]" in said
    assert re.search(r"\n1 failed, 5 passed, \d+ deselected", said), said
    assert "then write the rule into domain/account/account.py" in said


def test_one_scenario_is_red_on_postgresql(with_account, postgresql_url):
    said = scenarios(with_account, "postgresql", DATABASE_URL=postgresql_url)
    assert re.search(r"\n1 failed, 5 passed, \d+ deselected", said), said


def test_a_second_run_changes_nothing_and_says_so(with_account):
    assert with_account.refusal("new", "aggregate", "Account") == (
        "Error: There is an aggregate account already; nothing was changed.\n"
    )


def test_nothing_that_is_there_is_overwritten(copy):
    (copy.folder / "examples" / "account.py").write_text("mine")
    assert "examples/account.py is there already" in copy.refusal("new", "aggregate", "account")


def test_where_the_sample_has_gone_nothing_can_be_made(copy):
    shutil.rmtree(copy.folder / "persistence" / "entity")
    shutil.rmtree(copy.folder / "examples")
    assert "there is no persistence/entity here" in copy.refusal("new", "aggregate", "account")


def test_new_and_remove_leave_everything_as_it_was(copy):
    before = copy.files()
    copy.worker("new", "aggregate", "account")
    said = copy.worker("remove", "aggregate", "account", "--yes")
    assert copy.files() == before
    assert not (copy.folder / "domain" / "account").exists()
    assert "neither applied nor committed: it goes too" in said


def test_a_migration_that_was_applied_is_undone_by_another(with_account):
    before = with_account.files()
    with_account.worker("migrate")
    with_account.worker("remove", "aggregate", "account", "--yes")
    created = with_account.files().keys() - before
    assert len(created) == 1
    assert created.pop().endswith("_account_removed.py")
    with_account.worker("migrate")
    assert "No new" in with_account.python("alembic", "check").stdout
    tables = "SELECT count(*) FROM sqlite_master WHERE name = 'accounts'"
    connection = sqlite3.connect(with_account.database)
    assert connection.execute(tables).fetchone() == (0,)
    connection.close()


def test_a_migration_that_was_committed_is_undone_by_another(with_account):
    with_account.commit()
    with_account.worker("remove", "aggregate", "account", "--yes")
    assert with_account.git("status", "--short", "persistence/migrations").endswith("_removed.py")


def test_nothing_is_removed_while_rows_are_there(with_account):
    with_account.worker("migrate")
    with_account.execute("INSERT INTO accounts VALUES (?, 'x', 1)", uuid4().hex)
    sentence = with_account.refusal("remove", "aggregate", "account", "--yes")
    assert "still has of account: rows in accounts." in sentence


@pytest.mark.parametrize("has_older_commit", [False, True])
def test_what_is_in_no_commit_is_not_removed(with_account, has_older_commit):
    if has_older_commit:
        with_account.commit()
    with (with_account.folder / "domain" / "account" / "account.py").open("a") as file:
        file.write("# a rule\n")
    sentence = with_account.refusal("remove", "aggregate", "account", "--yes")
    assert "domain/account/account.py is in no commit as it is now" in sentence


def test_what_others_import_is_not_removed(with_account):
    user = with_account.folder / "worker" / "user.py"
    user.write_text("from domain.account import identity\n")
    sentence = with_account.refusal("remove", "aggregate", "account", "--yes")
    assert "account is needed by worker/user.py" in sentence


def test_what_is_in_a_virtual_environment_or_is_no_python_of_today_is_not_looked_at(with_account):
    environment = with_account.folder / "venv"
    environment.mkdir()
    (environment / "pyvenv.cfg").touch()
    (environment / "theirs.py").write_text("print 'account'")
    (with_account.folder / "tools" / "old.py").write_text("print 'old'")
    with_account.worker("remove", "aggregate", "account", "--yes")


def test_what_another_aggregate_names_is_not_removed(with_account):
    listed = with_account.folder / "worker" / "aggregates.py"
    others = 'keys=("entity_id",), others={"account_id": "account"},'
    listed.write_text(listed.read_text().replace('keys=("entity_id",),', others))
    sentence = with_account.refusal("remove", "aggregate", "account", "--yes")
    assert "account is needed by entity" in sentence


def test_what_is_not_there_is_not_removed(copy):
    assert "There is no aggregate account; there are: entity." in copy.refusal(
        "remove", "aggregate", "account"
    )


def test_a_dry_run_of_a_removal_changes_nothing(with_account):
    before = with_account.files()
    said = with_account.worker("remove", "aggregate", "account", "--dry-run")
    assert ["delete", "domain/account/account.py"] in [line.split() for line in said.splitlines()]
    assert with_account.files() == before


def test_whoever_does_not_say_yes_keeps_it(with_account):
    before = with_account.files()
    result = with_account.python("worker", "remove", "aggregate", "account")
    assert "Remove account? [y/N]" in result.stdout
    assert result.returncode == 1
    assert with_account.files() == before


def test_without_git_a_person_is_warned_and_a_migration_drops_the_table(with_account):
    shutil.move(with_account.folder / ".git", with_account.folder.parent / "git")
    try:
        said = with_account.worker("remove", "aggregate", "account", "--yes")
        assert "what is deleted cannot be brought back" in said
        assert list(with_account.folder.glob("persistence/migrations/versions/*_removed.py"))
    finally:
        shutil.move(with_account.folder.parent / "git", with_account.folder / ".git")


def test_the_sample_can_go_once_there_is_another(with_account):
    copy = with_account
    said = copy.worker("remove", "aggregate", "entity", "--yes")
    assert "yours to change" not in said
    assert lint(copy) == ""
    copy.worker("migrate")
    assert "There is no account" in copy.refusal("show", str(uuid4()))
    assert re.match(r"\d{3} passed, \d+ deselected", look_around(copy))
    said = scenarios(copy, "sqlite")
    assert re.search(r"\n1 failed, 5 passed, \d+ deselected", said), said

"""docs/mistakes.md: each mistake ends with the sentence that stands beside it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from persistence.columns import metadata
from tests.support.component import settings
from tests.support.project import PYTHON, ROOT, environment
from worker.cli import _sentence
from worker.composition import compose
from worker.runtime.readiness import require_schema

RIGHT = (ROOT / "tests" / "sample" / "account.py").read_text()
PAGE = (ROOT / "docs" / "mistakes.md").read_text()
ROWS = dict(
    line.strip("| ").split(" | ")
    for line in PAGE.splitlines()
    if line.startswith("| ") and "What is said" not in line
)

# What is replaced in the text of the module, and by what.
MISTAKES: dict[str, dict[str, str]] = {
    "An event's field is forgotten in its schema": {
        "    owner = wire.Text(required=True)\n\n\nclass DepositedSchema": (
            "\n\nclass DepositedSchema"
        )
    },
    "A schema has a field that the class has not": {
        "    message = Deposit\n": "    message = Deposit\n    note = wire.Text()\n"
    },
    "`required=True` is forgotten": {
        "    owner = wire.Text(required=True)\n\n\nclass DepositSchema": (
            "    owner = wire.Text()\n\n\nclass DepositSchema"
        )
    },
    "`required=True`, though the class has a default": {
        "account_id = wire.Uuid()": "account_id = wire.Uuid(required=True)"
    },
    "marshmallow's own `Decimal` in a schema": {
        "balance = wire.Decimal(digits=18, places=2,": "balance = theirs.Decimal("
    },
    "A schema is not in `SCHEMAS`": {"OpenedSchema, DepositedSchema)": "OpenedSchema)"},
    "Two schemas for one event": {"    message = Opened\n": "    message = Deposited\n"},
    "Two schemas of one name and version": {
        'type = "account.Deposited"': 'type = "account.Opened"'
    },
    "A command, or a subclass of one, that nobody handles": {
        "SCHEMAS = (": (
            "class Gift(Deposit): ...\n\n\nclass GiftSchema(DepositSchema):\n"
            '    type, message = "account.Gift", Gift\n\n\nSCHEMAS = (GiftSchema, '
        )
    },
    "A handler for a command of another module": {
        "    @handles(Deposit)\n": (
            "    @handles(Create)\n    def create(self, command): ...\n\n    @handles(Deposit)\n"
        )
    },
    "A command without its aggregate's key": {'keys=("account_id",)': 'keys=("owner",)'},
    "A key that no command has": {'keys=("account_id",)': 'keys=("account_id", "to_id")'},
    "A kind in `others` that there is not": {
        'keys=("account_id",)': 'keys=("account_id",), others={"owner": "customer"}'
    },
    "An event is not in `events`": {"events = (Opened, Deposited)": "events = (Opened,)"},
    "Two events for one of the aggregate's": {
        "class Deposited(Event, Account.Deposited):": "class Deposited(Event, Account.Opened):",
        "    balance = wire": "    owner = wire.Text(required=True)\n    without = wire",
        "without = wire.Decimal(digits=18, places=2, required=True)\n": "",
    },
    "An event that extends none of the aggregate's": {
        "class Opened(Event, Account.Opened):": "class Opened(Event):\n    owner: str"
    },
    "An event that does not say whose it is": {
        "class Deposited(Event, Account.Deposited):\n    account_id: UUID": (
            "class Deposited(Event, Account.Deposited): ..."
        ),
        "    account_id = wire.Uuid(required=True)\n    balance": "    balance",
    },
    "A field of the DTO without column": {'    Column("owner", Text),\n': ""},
    "A column without field in the DTO": {
        '    Column("owner", Text),\n': '    Column("owner", Text),\n    Column("note", Text),\n'
    },
    "A float in the DTO": {"balance: Decimal = Decimal(0)": "balance: float = 0.0"},
    "`Numeric` or `Float` as a column": {"columns.ExactDecimal(18, 2)": "Numeric(18, 2)"},
    "A field of the view that no column keeps": {
        "    balance: Decimal\n\n\nclass AccountHandler": (
            "    amount: Decimal\n\n\nclass AccountHandler"
        )
    },
    "A table without migration": {"metadata = MetaData()": "metadata = columns.metadata"},
}


def mistaken(words: str) -> str:
    source = RIGHT
    for old, new in MISTAKES[words].items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def said(source: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Return with which sentence `consume` ends where the module of aggregates is this one."""
    module = ModuleType("account")
    monkeypatch.setitem(sys.modules, "account", module)
    monkeypatch.setenv("AGGREGATES", "account")
    exec(compile(source, "account.py", "exec"), vars(module))
    try:
        with (component := compose(settings(database_url))).database:
            require_schema(component.database)
    except Exception as error:
        return _sentence(error)
    return None


@pytest.fixture(autouse=True)
def _no_table_stays() -> Iterator[None]:
    before = set(metadata.tables)
    yield
    for name in metadata.tables.keys() - before:
        metadata.remove(metadata.tables[name])


def test_the_module_without_mistake_is_content(migrated_sqlite_url, monkeypatch):
    assert said(RIGHT, migrated_sqlite_url, monkeypatch) is None


def test_each_row_of_the_page_is_tried():
    assert list(ROWS) == list(MISTAKES)


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_ends_with_its_sentence(words, migrated_sqlite_url, monkeypatch):
    assert said(mistaken(words), migrated_sqlite_url, monkeypatch) == ROWS[words]


def test_consume_says_the_sentence_and_ends(tmp_path: Path, migrated_sqlite_url):
    words = next(iter(MISTAKES))
    (tmp_path / "account.py").write_text(mistaken(words))
    given = {"AGGREGATES": "account", "DATABASE_URL": migrated_sqlite_url}
    ended = subprocess.run(
        [PYTHON, "-m", "worker", "consume"],
        cwd=ROOT,
        env={**environment(**given), "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, f"Error: {ROWS[words]}\n")

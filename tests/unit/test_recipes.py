"""docs/recipes.md: what its blocks of code say, put into an account and tried."""

import json
import re
import sys
import threading
from decimal import Decimal
from textwrap import dedent
from types import ModuleType
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest
from environs import Env

from domain.messages import Event
from persistence.database import Database
from schemas.exceptions import Undecodable
from tests.sample.thing import Create, UpdateValue
from tests.sample.thing_table import things
from tests.support.component import rows, settings
from tests.support.project import ROOT
from worker.composition import compose

RIGHT = (ROOT / "tests" / "sample" / "account.py").read_text()
PAGE = (ROOT / "docs" / "recipes.md").read_text()
BLOCKS = re.findall(r"^```python\n([\s\S]*?)^```$", PAGE, re.M)

IMPORTS = "from dataclasses import dataclass, field\n"
MORE = """from dataclasses import dataclass, field
from uuid import UUID
from domain.exceptions import DomainError
from domain.handling import Listener
from persistence.columns import ExactDecimal
from persistence.unit_of_work import UnitOfWork
AccountID = UUID
"""
WITHDRAW = """    def withdraw(self, amount: Decimal) -> Deposited:
        return self.deposit(-amount)

    def close(self) -> Deposited:
        return self.Deposited(balance=self.dto.balance)

    def deposit("""
SCHEMA = """class %sSchema(CommandSchema):
    type, message = "account.%s", %s
    account_id = wire.Uuid(required=True)
"""


def block(needle: str) -> str:
    """Return the one block of the page that contains this."""
    (found,) = (text for text in BLOCKS if needle in text)
    return str(found)


def account_with(changes: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module of aggregates: the account, with text before these places of it."""
    source = RIGHT.replace(IMPORTS, MORE).replace("    def deposit(", WITHDRAW, 1)
    for place, before in changes.items():
        assert source.count(place) == 1, place
        source = source.replace(place, f"{before}\n\n{place}")
    module = ModuleType("account")
    monkeypatch.setitem(sys.modules, "account", module)
    monkeypatch.setenv("AGGREGATES", "account")
    exec(compile(source, "account.py", "exec"), vars(module))
    return module


def replaced(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RIGHT.count(old) == 1, old
    monkeypatch.setattr(f"{__name__}.RIGHT", RIGHT.replace(old, new))


def handled(module: ModuleType, database: Database, *commands: Any) -> list[list[Event]]:
    """Return the events of these commands, which are one batch."""
    module.metadata.create_all(database.engine)
    component = compose(settings(str(database.url)))
    with component.database, component.unit_of_work() as unit:
        handlers = component.handlers(unit)
        handlers.lock(commands)
        events = [handlers.handle(command) for command in commands]
        unit.commit()
    return events


COMMANDS, METHODS = "@dataclass(eq=False)\nclass AccountDTO", "    @handles(Open)\n"
ONE, OTHER = uuid4(), uuid4()


def test_every_block_is_python():
    for text in BLOCKS:
        compile(dedent(text), "recipes.md", "exec")


def test_a_transfer_changes_both(sqlite, monkeypatch):
    replaced("SCHEMAS = (", "SCHEMAS = (TransferSchema, ", monkeypatch)
    replaced('keys=("account_id",)', 'keys=("account_id", "to_id")', monkeypatch)
    schema = SCHEMA % (("Transfer",) * 3) + (
        "    to_id = wire.Uuid(required=True)\n"
        "    amount = wire.Decimal(digits=18, places=2, required=True)\n"
    )
    transfer, method = block("class Transfer"), block("@handles(Transfer)")
    changes = {COMMANDS: transfer, METHODS: method, "class OpenSchema": schema}
    module = account_with(changes, monkeypatch)
    opened = [module.Open(account_id=each, owner="x") for each in (ONE, OTHER)]
    given = module.Deposit(account_id=ONE, amount=Decimal(5))
    moved = module.Transfer(account_id=ONE, to_id=OTHER, amount=Decimal(2))
    *_, (first, second) = handled(module, sqlite, *opened, given, moved)
    assert [(e.account_id, e.balance) for e in (first, second)] == [(ONE, 3), (OTHER, 2)]


def test_another_kind_is_changed_too(sqlite, monkeypatch):
    entry = """others={"customer_id": "customer"},
        dependencies=lambda unit_of_work, settings: {
            "customers": CUSTOMER.repository(unit_of_work)
        },
    ), CUSTOMER,
)"""
    assert re.sub(r"\s", "", entry)[:-12] in re.sub(r"\s", "", block("CUSTOMER = "))
    replaced(
        'keys=("account_id",),\n    ),\n)', f'keys=("account_id",),\n        {entry}', monkeypatch
    )
    replaced("events = (Opened, Deposited)", "events = (Opened, Deposited, Updated)", monkeypatch)
    replaced(
        "    owner: str\n\n\n@dataclass(frozen=True, kw_only=True)\nclass Deposit(C",
        ("    customer_id: UUID\n\n\n@dataclass(frozen=True, kw_only=True)\nclass Deposit(C"),
        monkeypatch,
    )
    replaced(
        "owner = wire.Text(required=True)\n\n\nclass DepositSchema",
        ("customer_id = wire.Uuid(required=True)\n\n\nclass DepositSchema"),
        monkeypatch,
    )
    replaced("    @handles(Open)\n    def open(", "    def _unused(", monkeypatch)
    _, _, methods = block("customers: Repository").partition("\n")
    methods = methods.replace(
        "Account.open(command.account_id, customer.name)",
        (
            "(Account(AccountDTO(command.account_id, customer.dto.value)),"
            " Account.Opened(owner=customer.dto.value))"
        ),
    ).replace("customer.note(command.account_id)", 'customer.update("noted")')
    imports = (
        "from dataclasses import replace\nfrom tests.sample.thing import Updated\n"
        "from domain.handling import Repository\n"
        "from tests.sample.thing import Thing as Customer\n"
        "from tests.sample.things import THING\n"
        'CUSTOMER = replace(THING, name="customer")\n'
    )
    module = account_with({COMMANDS: imports, "    def _unused(": methods}, monkeypatch)
    customer = [Create(thing_id=OTHER), UpdateValue(thing_id=OTHER, value="Žofie")]
    *_, events = handled(module, sqlite, *customer, module.Open(account_id=ONE, customer_id=OTHER))
    assert [type(event).__name__ for event in events] == ["Opened", "Updated"]
    assert [row["owner"] for row in rows(sqlite, module.accounts)] == ["Žofie"]
    assert [(row["value"], row["version"]) for row in rows(sqlite, things)] == [("noted", 3)]


def test_the_projection_gets_its_row(sqlite, monkeypatch):
    listener = block("def keep_turnover")
    replaced(
        'keys=("account_id",)', 'keys=("account_id",), listeners=(keep_turnover,)', monkeypatch
    )
    module = account_with({"AGGREGATES = (": listener}, monkeypatch)
    handled(
        module,
        sqlite,
        module.Open(account_id=ONE, owner="x"),
        module.Deposit(account_id=ONE, amount=Decimal(5)),
    )
    assert [row["balance"] for row in rows(sqlite, module.turnover)] == [5]


def test_both_versions_of_a_command_are_read(monkeypatch):
    replaced(
        "    owner: str\n\n\n@dataclass(frozen=True, kw_only=True)\nclass Deposit(Command)",
        "    owner: str\n    currency: str\n\n\n@dataclass(frozen=True, kw_only=True)\n"
        "class Deposit(Command)",
        monkeypatch,
    )
    both = block("class Open2").replace("class Open(", "class Open1(")
    both = both.replace("Text(", "wire.Text(").replace("Uuid(", "wire.Uuid(")
    replaced("SCHEMAS = (OpenSchema", "SCHEMAS = (Open1, Open2", monkeypatch)
    commands = "\n\nclass commands:\n    Open = Open\n\n\n"
    module = account_with({"SCHEMAS = (": commands + both}, monkeypatch)
    codec = compose(settings(), module.AGGREGATES).codec
    body = {"command_id": str(uuid4()), "owner": "x"}
    assert codec.decode("account.Open", body).currency == "EUR"
    with pytest.raises(Undecodable):
        codec.decode("account.Open", body, 2)
    assert codec.decode("account.Open", {**body, "currency": "CZK"}, 2).currency == "CZK"


def test_an_account_that_comes_again_goes_on_counting(sqlite, monkeypatch):
    replaced("SCHEMAS = (", "SCHEMAS = (CloseSchema, ", monkeypatch)
    replaced('keys=("account_id",)', 'keys=("account_id",), removable=True', monkeypatch)
    command = "@dataclass(frozen=True, kw_only=True)\nclass Close(Command):\n    account_id: UUID\n"
    changes = {
        COMMANDS: command,
        METHODS: block("@handles(Close)"),
        "class OpenSchema": SCHEMA % (("Close",) * 3),
    }
    module = account_with(changes, monkeypatch)
    opened = module.Open(account_id=ONE, owner="x")
    handled(module, sqlite, opened, module.Close(account_id=ONE))
    assert rows(sqlite, module.accounts) == []
    handled(module, sqlite, opened)
    assert [row["version"] for row in rows(sqlite, module.accounts)] == [3]


def test_a_command_may_refuse_itself(monkeypatch):
    own = block("class NothingToMove").replace("class Deposit(", "class Refusing(")
    module = account_with({"SCHEMAS = (": own}, monkeypatch)
    with pytest.raises(module.NothingToMove):
        module.Refusing(account_id=ONE, amount=Decimal(0))


def test_an_account_is_read_over_http(sqlite, monkeypatch):
    module = account_with({}, monkeypatch)
    handled(module, sqlite, module.Open(account_id=ONE, owner="x"))
    monkeypatch.setenv("DATABASE_URL", str(sqlite.url))
    names: dict[str, Any] = {}
    exec(block("def serve("), names)
    with names["serve"](0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with urlopen(f"http://127.0.0.1:{server.server_port}/accounts/{ONE}") as answer:
            assert json.load(answer) == {"id": str(ONE), "balance": "0.00"}
        server.shutdown()
        thread.join()


def test_the_team_s_settings_are_read(monkeypatch):
    names: dict[str, Any] = {}
    exec(
        "from dataclasses import dataclass\nfrom decimal import Decimal\nfrom environs import Env\n"
        + block("class TeamSettings"),
        names,
    )
    monkeypatch.setenv("OVERDRAFT_LIMIT", "12.50")
    assert names["read_team_settings"](Env()).overdraft_limit == Decimal("12.50")

"""An account in one module, right in everything: tests make one mistake each in its text."""

import sys
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID, uuid4

from marshmallow import fields as theirs  # noqa: F401 - for mistakes
from sqlalchemy import Column, Integer, MetaData, Numeric, Table, Text, Uuid  # noqa: F401 - for mistakes

import schemas.fields as wire
from domain.handling import Change, handles
from domain.handling import CommandHandler as Base
from domain.messages import Command, Event
from persistence import columns
from persistence.mapping import Mapping
from schemas.message import CommandSchema, EventSchema
from tests.sample.thing import Create  # noqa: F401 - for mistakes
from worker.component import Aggregate

metadata = MetaData()


@dataclass(frozen=True, kw_only=True)
class Open(Command):
    """Begin an account."""

    account_id: UUID = field(default_factory=uuid4)
    owner: str


@dataclass(frozen=True, kw_only=True)
class Deposit(Command):
    """Give it more."""

    account_id: UUID
    amount: Decimal


@dataclass(eq=False)
class AccountDTO:
    """Its state."""

    id: UUID
    owner: str
    balance: Decimal = Decimal(0)
    version: int = 0


class Account:
    """The aggregate."""

    class Event:
        """Something that happened to an account."""

    @dataclass(frozen=True, kw_only=True)
    class Opened(Event):
        """It has begun."""

        owner: str

    @dataclass(frozen=True, kw_only=True)
    class Deposited(Event):
        """It has more."""

        balance: Decimal

    def __init__(self, dto: AccountDTO) -> None:
        self.dto = dto

    @property
    def id(self) -> UUID:
        return self.dto.id

    def deposit(self, amount: Decimal) -> Deposited:
        self.dto.balance += amount
        return self.Deposited(balance=self.dto.balance)


@dataclass(frozen=True, kw_only=True)
class Opened(Event, Account.Opened):
    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class Deposited(Event, Account.Deposited):
    account_id: UUID


@dataclass(frozen=True)
class AccountView:
    """What readers see."""

    id: UUID
    balance: Decimal


class AccountHandler(Base[Account]):
    """What each command does."""

    events = (Opened, Deposited)

    @handles(Open)
    def open(self, command: Open) -> Change:
        account = Account(AccountDTO(command.account_id, command.owner))
        return self.saved(account, Account.Opened(owner=command.owner))

    @handles(Deposit)
    def deposit(self, command: Deposit) -> Change:
        account = self.repository.get(command.account_id)
        return self.saved(account, account.deposit(command.amount))


class OpenSchema(CommandSchema):
    type = "account.Open"
    message = Open

    account_id = wire.Uuid()
    owner = wire.Text(required=True)


class DepositSchema(CommandSchema):
    type = "account.Deposit"
    message = Deposit

    account_id = wire.Uuid(required=True)
    amount = wire.Decimal(digits=18, places=2, required=True)


class OpenedSchema(EventSchema):
    type = "account.Opened"
    message = Opened

    account_id = wire.Uuid(required=True)
    owner = wire.Text(required=True)


class DepositedSchema(EventSchema):
    type = "account.Deposited"
    message = Deposited

    account_id = wire.Uuid(required=True)
    balance = wire.Decimal(digits=18, places=2, required=True)


SCHEMAS = (OpenSchema, DepositSchema, OpenedSchema, DepositedSchema)

accounts = Table(
    "sample_accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text),
    Column("balance", columns.ExactDecimal(18, 2)),
    Column("version", Integer),
)

AGGREGATES = (
    Aggregate(
        name="account",
        commands=sys.modules[__name__],
        schemas=SCHEMAS,
        handler=AccountHandler,
        aggregate=Account,
        mapping=Mapping(AccountDTO, accounts),
        view=AccountView,
        keys=("account_id",),
    ),
)

"""Money stays exact all the way: command, DTO, table and event."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Uuid
from sqlalchemy.orm import registry

from domain.messages import Command, Event
from persistence.columns import ExactDecimal
from persistence.database import Database
from persistence.mapping_checks import check_mapping
from persistence.unit_of_work import UnitOfWork
from schemas.catalogue import Catalogue
from schemas.codec import Codec, parse
from schemas.fields import Decimal as DecimalField
from schemas.fields import Uuid as UuidField
from schemas.message import CommandSchema, EventSchema


@dataclass(frozen=True, kw_only=True)
class Pay(Command):
    account_id: UUID
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Paid(Event):
    account_id: UUID
    balance: Decimal


class PaySchema(CommandSchema):
    type = "account.Pay"
    message = Pay
    account_id = UuidField(required=True)
    amount = DecimalField(digits=18, places=2, required=True)


class PaidSchema(EventSchema):
    type = "account.Paid"
    message = Paid
    account_id = UuidField(required=True)
    balance = DecimalField(digits=18, places=2, required=True)


@dataclass(eq=False)
class AccountDTO:
    id: UUID
    balance: Decimal = Decimal(0)
    version: int = 0


accounts = Table(
    "sample_accounts",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("balance", ExactDecimal(18, 2), nullable=False),
    Column("version", Integer, nullable=False),
)
CODEC = Codec(Catalogue([PaySchema, PaidSchema]))


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    mappers = registry()
    mappers.map_imperatively(AccountDTO, accounts)
    check_mapping(AccountDTO)
    with database.engine.begin() as connection:
        accounts.create(connection)
    yield database
    mappers.dispose()


def pay(bank: Database, account_id: UUID, amount: str) -> str:
    """Apply one command in a transaction of its own, and return the event's balance."""
    body = {"command_id": str(uuid4()), "account_id": str(account_id), "amount": amount}
    command = CODEC.decode("account.Pay", parse(json.dumps(body).encode()))
    with UnitOfWork(bank, "tests") as unit:
        dtos = unit.dtos(AccountDTO, "account")
        account = dtos.get(account_id) or AccountDTO(account_id)
        account.balance += command.amount
        event = Paid(command_id=command.command_id, account_id=account_id, balance=account.balance)
        dtos.put(account, [event])
        unit.commit()
    return json.loads(CODEC.encode(event)[2])["balance"]


def test_the_difference_of_two_large_amounts_is_exact(bank):
    account_id = uuid4()
    assert pay(bank, account_id, "9007199254740993.01") == "9007199254740993.01"
    assert pay(bank, account_id, "-9007199254740992.99") == "0.02"
    assert pay(bank, account_id, "-0.02") == "0.00"

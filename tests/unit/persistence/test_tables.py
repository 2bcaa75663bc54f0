"""The migrations that make and drop the tables of an aggregate."""

import shutil
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, ForeignKey, Index, Numeric, Table, TypeDecorator, Uuid, inspect
from sqlalchemy.dialects.postgresql import JSONB

from persistence.columns import metadata
from persistence.database import Database
from persistence.tables import NextMigration, referring_to, tables_of
from tests.support.project import ROOT


class Money(TypeDecorator[str]):
    """A type of an aggregate's own."""

    impl = Numeric(12, 2)
    cache_ok = True


class Notes(TypeDecorator[str]):
    impl = JSONB
    cache_ok = True


@pytest.fixture
def orders() -> Iterator[list[Table]]:
    """Two tables, the second of which refers to the first."""
    first = Table(
        "sample_orders",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("paid", Money, index=True),
    )
    second = Table(
        "sample_lines",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("order_id", Uuid, ForeignKey("sample_orders.id")),
        Index(None, "order_id"),
    )
    yield [first, second]
    for table in (second, first):
        metadata.remove(table)


def module(text: str, folder: Path) -> ModuleType:
    """Return the migration as Alembic would load it."""
    path = folder / "migration.py"
    path.write_text(text)
    spec = spec_from_file_location("migration", path)
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def test_tables_are_made_and_dropped_in_the_order_of_their_keys(database, orders, tmp_path):
    made = module(NextMigration().making(orders, "Orders"), tmp_path)
    dropped = module(NextMigration().dropping(orders, "No orders"), tmp_path)
    names = {"sample_orders", "sample_lines"}
    for step, there in (
        (made.upgrade, names),
        (dropped.upgrade, set()),
        (dropped.downgrade, names),
        (made.downgrade, set()),
    ):
        with (
            database.engine.begin() as connection,
            Operations.context(MigrationContext.configure(connection)),
        ):
            step()
        assert tables(database) & names == there


def test_a_migration_makes_what_the_program_expects(database, orders, tmp_path):
    made = module(NextMigration().making(orders, "Orders"), tmp_path)
    with (
        database.engine.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        made.upgrade()
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        indexes = inspector.get_indexes("sample_orders") + inspector.get_indexes("sample_lines")
        foreign = inspector.get_foreign_keys("sample_lines")
    assert {index["name"] for index in indexes} == {
        "ix_sample_orders_paid",
        "ix_sample_lines_order_id",
    }
    assert [key["name"] for key in foreign] == ["fk_sample_lines_order_id_sample_orders"]


def test_a_type_of_our_own_is_written_as_what_it_is_in_the_database(tmp_path):
    notes = Table("notes", metadata, Column("paid", Money), Column("text", Notes))
    metadata.remove(notes)
    text = NextMigration().making([notes], "Notes")
    module(text, tmp_path)  # it has all that it names
    assert "sa.Numeric(precision=12, scale=2)" in text
    assert "from sqlalchemy.dialects import postgresql" in text


def test_the_next_migration_comes_after_the_newest():
    newest, number = NextMigration(instead_of_newest=True), NextMigration()
    assert number.after == newest.revision
    assert int(number.revision) == int(newest.revision) + 1
    assert number.path("box") == f"persistence/migrations/versions/{number.revision}_box.py"


def test_only_a_migration_that_drops_says_what_older_workers_need(orders):
    assert "Workers of an older release need" in NextMigration().dropping(orders, "No orders")
    assert "older release" not in NextMigration().making(orders, "Orders")


def test_the_tables_of_an_aggregate_are_those_that_its_modules_define(tmp_path):
    shutil.copy(ROOT / "persistence" / "outbox.py", tmp_path)
    assert [table.name for table in tables_of(tmp_path)] == ["outbox"]


def test_who_has_a_foreign_key_to_a_table_refers_to_it(orders):
    assert referring_to(orders[:1]) == ["sample_lines"]
    assert referring_to(orders) == []

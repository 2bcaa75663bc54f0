"""What is refused at the start, in a sentence, as no waiting would help."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table, text

from persistence.checks import check_database, check_tables
from persistence.columns import metadata
from persistence.database import Database
from persistence.exceptions import Conflict, MigrationMissing, StorageUnavailable, Unsuitable
from persistence.inbox import inbox
from persistence.migrating import check_schema, migrate
from tests.support.component import component, ping
from tests.support.postgresql import connect
from tools.pgbouncer import pgbouncer
from worker.consumer.consumer import Consumer
from worker.relay.relay import Relay
from worker.runtime.health import Health
from worker.runtime.readiness import require_schema
from worker.runtime.stop import StopFlag


@pytest.fixture
def forgotten() -> Iterator[Table]:
    """A table for which nobody has written a migration."""
    table = Table("forgotten", metadata, Column("id", Integer, primary_key=True))
    yield table
    metadata.remove(table)


@pytest.fixture
def colour() -> Iterator[None]:
    """A column for which nobody has written a migration."""
    column = Column("Colour", Integer)
    inbox.append_column(column)
    yield
    inbox._columns.remove(column)  # what no program ever does


WRITE_ONE = (
    ' Write one: `alembic revision --autogenerate -m "what it does"`, read it, and run'
    " `python -m worker migrate`."
)


def test_a_table_that_no_migration_makes_is_named(database, forgotten):
    with pytest.raises(MigrationMissing) as error:
        check_tables(database)
    assert str(error.value) == (
        f"The program has tables or columns that no migration makes: forgotten.{WRITE_ONE}"
    )


def test_a_column_that_no_migration_makes_is_named(database, colour):
    with pytest.raises(MigrationMissing, match=r"no migration makes: inbox\.Colour\. Write"):
        check_tables(database)


def test_who_migrates_hears_of_it_after_everything_else_is_done(empty_database_url, forgotten):
    with Database(empty_database_url) as database:
        with pytest.raises(MigrationMissing):
            migrate(database)
        assert check_schema(database) is True


@pytest.mark.parametrize("program", [Consumer, Relay])
def test_each_process_hears_of_it_when_it_starts(program, database, forgotten):
    with pytest.raises(MigrationMissing):
        program(component(database), StopFlag(1), Health(database, 30)).run()


def test_what_a_newer_release_has_added_is_nobody_s_fault(database):
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE inbox ADD COLUMN theirs INTEGER"))
        connection.execute(text("CREATE TABLE theirs (id INTEGER PRIMARY KEY)"))
    check_tables(database)


def test_a_newer_release_answers_for_its_own_tables(database, forgotten):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE forgotten (other INTEGER)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert migrate(database) is False
    require_schema(database)


def test_a_table_whose_name_needs_quotes_is_found(database):
    quoted = Table('The "Table"', metadata, Column("id", Integer, primary_key=True))
    try:
        with database.engine.begin() as connection:
            quoted.create(connection)
        check_tables(database)
    finally:
        metadata.remove(quoted)


def test_tables_are_found_where_statements_find_them(postgresql):
    with postgresql.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA first"))
    path = {"options": "-c search_path=first,public"}
    url = postgresql.url.update_query_dict(path).render_as_string(hide_password=False)
    with Database(url) as elsewhere:
        check_tables(elsewhere)


def refusal(url: str, deadline: float = 15) -> str:
    with Database(url, deadline) as database, pytest.raises(Unsuitable) as error:
        check_database(database)
    return str(error.value)


@pytest.mark.parametrize(
    ("mode", "size"), [("transaction", 20), ("transaction", 1), ("statement", 20)]
)
def test_a_pooler_that_shares_sessions_is_refused(postgresql_database, mode, size):
    with pgbouncer(postgresql_database, mode, size) as url:
        assert "Set pool_mode = session" in refusal(url, deadline=2)


def test_nothing_is_migrated_through_a_pooler_that_shares_sessions(postgresql_database):
    with (
        pgbouncer(postgresql_database, "transaction") as url,
        Database(url) as database,
        pytest.raises(Unsuitable),
    ):
        migrate(database)


def test_through_a_pooler_of_whole_sessions_we_migrate_and_work(postgresql_database):
    with pgbouncer(postgresql_database, "session") as url, Database(url) as database:
        assert migrate(database)
        assert check_database(database) is None


def test_a_server_of_our_own_is_taken(postgresql):
    assert check_database(postgresql) is None


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(postgresql_database, encoding):
    server, _, name = postgresql_database.rpartition("/")
    other = f"{name}_{encoding.lower()}"
    with connect(postgresql_database) as connection:
        create = f"CREATE DATABASE {other} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(text(f"{create} TEMPLATE template0"))
        try:
            sentence = refusal(f"{server}/{other}")
        finally:
            connection.execute(text(f"DROP DATABASE {other} WITH (FORCE)"))
    assert sentence.startswith(f"The database's encoding is {encoding}")
    assert "ENCODING 'UTF8'" in sentence


def test_a_server_that_is_away_is_waited_for():
    database = Database("postgresql+psycopg://nobody:s3cret@127.0.0.1:1/nowhere")
    with pytest.raises(StorageUnavailable) as error:
        check_database(database)
    assert "s3cret" not in str(error.value)


def test_an_sqlite_file_in_a_folder_that_is_missing_is_refused(tmp_path):
    path = tmp_path / "missing" / "x.db"
    assert str(path) in refusal(f"sqlite:///{path}")


def test_a_folder_is_refused_as_an_sqlite_file(tmp_path):
    assert str(tmp_path) in refusal(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("This is a letter to my aunt." * 100)
    assert "file is not a database" in refusal(f"sqlite:///{path}")


def test_a_file_that_cannot_be_written_is_refused(sqlite, monkeypatch):
    path = Path(sqlite.url.database)
    # Root may write everywhere; so the system is made to say no.
    monkeypatch.setattr("os.access", lambda place, _: place != path.parent)
    assert f"{path.parent} cannot be written" in refusal(str(sqlite.url))


def test_an_sqlite_file_that_somebody_writes_is_taken(sqlite):
    with sqlite.autocommit_connection() as writer, Database(str(sqlite.url), 0.1) as other:
        writer.exec_driver_sql("PRAGMA journal_mode = DELETE")
        writer.exec_driver_sql("BEGIN EXCLUSIVE")
        with pytest.raises(Conflict):
            ping(other)
        assert check_database(other) is None

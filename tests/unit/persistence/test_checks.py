"""What is refused at the start, in a sentence, as no waiting would help."""

from pathlib import Path

import pytest
from sqlalchemy import text

from persistence.checks import check_database
from persistence.database import Database
from persistence.exceptions import Conflict, StorageUnavailable, Unsuitable
from persistence.migrating import migrate
from tests.support.component import ping
from tests.support.postgresql import connect
from tools.pgbouncer import pgbouncer


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

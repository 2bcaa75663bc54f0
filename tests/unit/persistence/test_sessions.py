"""What each session sets for itself, against whatever the server, a database or a role say."""

import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from persistence import database as module
from persistence.database import Database
from persistence.exceptions import StorageUnavailable, Unsuitable
from persistence.migrating import migrate
from persistence.probe import require_write
from persistence.translation import driver_errors
from tests.support.component import ping
from tests.support.postgresql import connect
from tests.support.project import PYTHON

HOSTILE = {
    "synchronous_commit": ("off", "on"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "default_transaction_deferrable": ("on", "off"),
    "session_replication_role": ("replica", "origin"),
    "DateStyle": ("German, DMY", "ISO, MDY"),
    "IntervalStyle": ("iso_8601", "postgres"),
    "TimeZone": ("Asia/Kathmandu", "UTC"),
    "client_encoding": ("LATIN1", "UTF8"),
    "bytea_output": ("escape", "hex"),
    "extra_float_digits": ("-15", "3"),
    "array_nulls": ("off", "on"),
    "standard_conforming_strings": ("off", "on"),
    "transform_null_equals": ("on", "off"),
    "exit_on_error": ("on", "off"),
    "statement_timeout": ("1s", "13500ms"),
    "lock_timeout": ("1s", "5s"),
    "idle_in_transaction_session_timeout": ("1s", "1min"),
    "idle_session_timeout": ("1s", "0"),
}


@pytest.fixture
def hostile(postgresql_database: str) -> Iterator[Database]:
    """A database whose administrator has set everything otherwise."""
    name = postgresql_database.rpartition("/")[2]
    with connect(postgresql_database) as connection:
        for setting, (value, _) in HOSTILE.items():
            connection.execute(text(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'"))
    database = Database(postgresql_database)
    yield database
    database.dispose()


def settings(database: Database) -> dict[str, str]:
    with database.engine.connect() as connection:
        return {
            setting: connection.scalar(text(f"SELECT current_setting('{setting}')"))
            for setting in HOSTILE
        }


def test_no_setting_that_a_promise_rests_on_is_inherited(hostile):
    assert settings(hostile) == {setting: ours for setting, (_, ours) in HOSTILE.items()}


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.endswith("_timeout")])
def test_no_inherited_timeout_ends_a_session_before_it_is_ours(postgresql_database, name):
    own = postgresql_database.rpartition("/")[2]
    with connect(postgresql_database) as connection:
        connection.execute(text(f"ALTER DATABASE \"{own}\" SET {name} = '1ms'"))
    for _ in range(10):
        with Database(postgresql_database) as database:
            assert migrate(database)
            assert ping(database) == 1


def test_a_session_after_another_is_set_up_too(hostile):
    ping(hostile)
    hostile.dispose()
    assert settings(hostile)["synchronous_commit"] == "on"


def test_a_commit_that_waits_for_more_than_the_disk_goes_on_doing_so(postgresql_database):
    url = f"{postgresql_database}?options=-csynchronous_commit%3Dremote_apply"
    with Database(url) as database:
        assert settings(database)["synchronous_commit"] == "remote_apply"


def test_what_is_read_only_stays_so_as_an_outage_must_be_seen(postgresql_database):
    url = f"{postgresql_database}?options=-cdefault_transaction_read_only%3Don"
    with Database(url) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SHOW transaction_read_only")) == "on"


def test_the_schema_that_the_url_names_stays(postgresql_database):
    url = f"{postgresql_database}?options=-csearch_path%3Dbilling"
    with Database(url) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SHOW search_path")) == "billing"


def test_the_options_of_the_environment_stay(postgresql_database, monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-csearch_path=billing")
    with Database(postgresql_database) as database, database.engine.connect() as connection:
        assert connection.scalar(text("SHOW search_path")) == "billing"


def test_a_server_that_does_not_know_a_timeout_is_connected_to_without(
    postgresql_database, monkeypatch
):
    younger = "-c idle_session_timeout_of_tomorrow=1"
    monkeypatch.setattr(module, "options_of_postgresql", lambda deadline: younger)
    with Database(postgresql_database) as database:
        assert settings(database)["idle_session_timeout"] == "0"


def test_a_session_that_migrates_is_ended_when_it_is_silent_and_not_while_it_works(
    postgresql_database,
):
    with (
        Database(postgresql_database) as database,
        database.without_deadline(),
        database.engine.connect() as connection,
    ):
        names = "idle_in_transaction_session_timeout", "idle_session_timeout", "statement_timeout"
        found = [connection.scalar(text(f"SHOW {name}")) for name in names]
    assert found == ["1min", "1min", "0"]


@pytest.mark.parametrize(("name", "value"), [("synchronous", 2), ("foreign_keys", 1)])
def test_a_session_of_sqlite_keeps_what_postgresql_keeps(sqlite_database, name, value):
    with Database(sqlite_database) as database, database.engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_an_sqlite_file_is_ours_alone_and_what_lies_beside_it_too(tmp_path):
    before = os.umask(0)
    try:
        database = Database(f"sqlite:///{tmp_path / 'x.db'}")
        with database, database.autocommit_connection() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.exec_driver_sql("CREATE TABLE t (i INTEGER)")
            modes = {path.name: mode(path) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("x.db", "x.db-wal", "x.db-shm"), "0o600")


def test_a_setting_that_is_not_ours_to_set_is_told_with_the_way_out(postgresql):
    role = f"poor_{uuid4().hex[:8]}"
    options = {"options": f"-c session_replication_role=replica -c role={role}"}
    url = postgresql.url.update_query_dict(options).render_as_string(hide_password=False)
    with connect(postgresql.url) as administrator:
        administrator.execute(text(f"CREATE ROLE {role}"))
        try:
            said = r'"session_replication_role".*ALTER ROLE … RESET'
            with Database(url) as database, pytest.raises(Unsuitable, match=said):
                ping(database)
        finally:
            administrator.execute(text(f"DROP ROLE {role}"))


# Opens the file, writes, and goes.
_WRITE = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as connection:
    connection.execute("CREATE TABLE written_" + sys.argv[2] + " (x)")
connection.close()
"""


def test_a_second_connection_of_a_process_does_not_let_go_of_the_file(sqlite):
    # A process has its locks once, whatever opened the file: to close it again would drop them all.
    # Another one would then believe to be the last, and take the write-ahead log away.
    count = text("SELECT count(*) FROM sqlite_master WHERE name LIKE 'written%'")
    with sqlite.autocommit_connection() as first:
        assert first.scalar(count) == 0
        ping(sqlite)
        for number in (1, 2, 3):
            write = [PYTHON, "-c", _WRITE, str(sqlite.url.database), str(number)]
            subprocess.run(write, check=True, timeout=30)
            assert first.scalar(count) == number


def test_an_sqlite_file_that_is_there_keeps_the_rights_somebody_gave_it(sqlite):
    path = Path(sqlite.url.database)
    path.chmod(0o640)
    ping(sqlite)
    assert mode(path) == "0o640"


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.rename(f"{path}.old")])
def test_a_file_that_is_not_there_any_more_takes_nothing_that_would_be_lost(sqlite, change):
    ping(sqlite)
    with sqlite.engine.connect() as held:
        change(Path(sqlite.url.database))
        with pytest.raises(StorageUnavailable, match="not the file any more"), driver_errors():
            held.execute(text("SELECT 1"))
    with pytest.raises(StorageUnavailable):
        require_write(sqlite)


def test_a_file_that_was_replaced_is_opened_anew(sqlite, sqlite_template):
    ping(sqlite)
    path = Path(sqlite.url.database)
    copy = path.with_suffix(".copy")
    shutil.copyfile(sqlite_template, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("CREATE TABLE restored (x)")
    connection.close()
    copy.replace(path)
    with pytest.raises(StorageUnavailable):
        require_write(sqlite)
    require_write(sqlite)
    with sqlite.engine.connect() as connection:
        connection.execute(text("SELECT x FROM restored"))

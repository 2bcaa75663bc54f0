from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from persistence.columns import Timestamp
from persistence.database import Database, check_url
from persistence.exceptions import PersistenceError, StorageUnavailable
from persistence.translation import ERRORS, driver_errors, name_of
from tests.support.component import ping


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///component.db",
        "sqlite+pysqlite:///component.db",
        "postgresql://u@h/d",
        "postgresql+psycopg://u:p@h:5433/d?sslmode=require",
    ],
)
def test_a_url_we_can_use_is_taken(url):
    assert check_url(url) is None


@pytest.mark.parametrize(
    "url", ["", "component.db", "mysql://u@h/d", "postgresql+asyncpg://u@h/d", "postgres://u@h/d"]
)
def test_another_url_is_refused(url):
    with pytest.raises(ValueError, match=r"^Must be sqlite:///file or postgresql\+psycopg://"):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:component.db?uri=true"]
)
def test_what_is_no_path_of_a_file_is_refused(url):
    with pytest.raises(ValueError, match=r"^Must name a file by its path"):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["sqlite:///component.db?timeout=secret", "postgresql://u@/d?host=h&port=secret"]
)
def test_a_parameter_that_the_driver_would_stumble_over_is_refused_in_a_sentence(url):
    with pytest.raises(ValueError, match=r"^A parameter behind its \? cannot be used\.$"):
        check_url(url)


def test_a_time_is_stored_in_utc():
    time = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    stored = Timestamp().process_bind_param(time, None)
    assert (stored, stored.tzinfo) == (time, UTC)


def test_a_time_from_a_database_without_zones_is_utc():
    read = Timestamp().process_result_value(datetime(2026, 1, 2), None)
    assert read == datetime(2026, 1, 2, tzinfo=UTC)


def test_no_time_stays_none():
    assert Timestamp().process_bind_param(None, None) is None
    assert Timestamp().process_result_value(None, None) is None


def setting(database: Database, name: str) -> str:
    with database.engine.connect() as connection:
        return str(connection.execute(text(f"SHOW {name}")).scalar())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transaction_isolation", "read committed"),
        ("statement_timeout", "13500ms"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "1min"),
    ],
)
def test_a_session_of_postgresql_is_set_up(postgresql, name, value):
    assert setting(postgresql, name) == value


def test_the_settings_of_a_session_survive_a_rollback(postgresql):
    with postgresql.engine.connect() as connection:
        connection.rollback()
    assert setting(postgresql, "lock_timeout") == "5s"


def test_a_session_of_sqlite_is_set_up(sqlite):
    with sqlite.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_reader_of_sqlite_does_not_wait_for_a_writer(sqlite):
    reader = Database(sqlite.url.render_as_string(), read_only=True)
    try:
        with sqlite.engine.connect() as writer:
            writer.execute(text("SELECT 1"))
            assert ping(reader) == 1
    finally:
        reader.dispose()


def test_after_dispose_a_database_can_be_used_again(database):
    ping(database)
    database.dispose()
    assert ping(database) == 1


def test_errors_are_counted_by_what_they_mean(database):
    assert set(database.errors.values()) == {0}
    for _ in range(2):
        with pytest.raises(PersistenceError), driver_errors(), database.engine.connect() as it:
            it.execute(text("SELECT no_such_column FROM inbox"))
    told = {name: count for name, count in database.errors.items() if count}
    assert sum(told.values()) == 2
    assert set(told) < set(map(name_of, ERRORS))


def test_a_database_that_cannot_be_reached_is_counted_as_away():
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(StorageUnavailable), driver_errors(), away.engine.connect():
        pass
    assert away.errors["storage-unavailable"] == 1

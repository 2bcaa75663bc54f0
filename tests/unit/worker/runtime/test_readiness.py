"""Ready means that our work would be done: not only that somebody answers."""

import pytest
from sqlalchemy import text

from persistence.database import Database
from worker.runtime.health import Health


@pytest.fixture
def health(database: Database) -> Health:
    health = Health(database, 30)
    health.working(True)
    return health


def test_it_is_ready_when_a_write_would_work(health):
    assert health.why_not_ready() is None


def test_it_is_not_ready_when_only_reading_works(health, database):
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE inbox"))
    assert str(health.why_not_ready()).startswith("the database is not usable")


@pytest.mark.parametrize("sqlstate", ["53100", "57P03"], ids=["full", "shutting down"])
def test_it_is_not_ready_while_the_database_takes_nothing(postgresql, sqlstate):
    health = Health(postgresql, 30)
    health.working(True)
    with postgresql.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE 'no room' USING ERRCODE = '{sqlstate}'; END $$;"
            " CREATE TRIGGER no BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION no()"
        )
    assert "no room" in str(health.why_not_ready())
    with postgresql.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER no ON inbox; DROP FUNCTION no()")
    assert health.why_not_ready() is None


def test_it_is_not_ready_while_the_main_loop_has_trouble_and_says_which(health):
    health.trouble = "every command waits for a lock in the database"
    assert health.why_not_ready() == "every command waits for a lock in the database"


def test_a_lock_of_somebody_who_writes_is_no_trouble(sqlite):
    url = sqlite.url.render_as_string(hide_password=False)
    with Database(url, 0.3) as patient, sqlite.engine.begin():
        health = Health(patient, 30)
        health.working(True)
        assert health.why_not_ready() is None

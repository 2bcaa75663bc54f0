"""What people have done is written down, and stays as it was written."""

from unittest.mock import patch

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from persistence import audit
from persistence.audit import AuditEntries, record, user
from persistence.database import Database


def entries(database: Database) -> AuditEntries:
    return AuditEntries(database, "tests")


def test_who_did_what_when_and_with_which_parameters_is_kept(database):
    before = database.now()
    record(database, "tests", "dead purge", {"kind": "crash", "ids": [1, 2]}, actor="ann")
    (entry,) = entries(database).newest(10)
    expected = ("ann", "dead purge", {"kind": "crash", "ids": [1, 2]})
    assert (entry.actor, entry.action, entry.parameters) == expected
    assert before <= entry.at <= database.now()


def test_the_actor_is_the_operating_system_s_user_unless_somebody_else_is_named(database):
    record(database, "tests", "dead purge", {})
    assert entries(database).newest(1)[0].actor == user()


def test_a_variable_makes_nobody_another_user(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")
    assert user() != "somebody"


def test_a_user_without_a_name_is_a_number():
    with patch("os.getuid", return_value=987_654):
        assert user() == "user 987654"


def test_the_newest_come_first_and_page_by_page(database):
    for number in range(5):
        record(database, "tests", "a", {"number": number})
    first = entries(database).newest(2)
    second = entries(database).newest(2, before=first[-1].id)
    assert [entry.parameters["number"] for entry in (*first, *second)] == [4, 3, 2, 1]


def test_all_come_in_their_order_however_many_there_are(database):
    for number in range(5):
        record(database, "tests", "a", {"number": number})
    with patch.object(audit, "PAGE", 2):
        assert [entry.parameters["number"] for entry in entries(database).all()] == [0, 1, 2, 3, 4]


def test_a_component_sees_only_what_was_done_to_it(database):
    record(database, "another", "a", {})
    assert (entries(database).newest(10), list(entries(database).all())) == ([], [])


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"],
)
def test_the_database_lets_nobody_change_what_is_written(database, statement):
    record(database, "tests", "a", {}, actor="ann")
    with (
        pytest.raises(DBAPIError, match="append-only"),
        database.engine.begin() as connection,
    ):
        connection.execute(text(statement))
    assert [entry.actor for entry in entries(database).newest(10)] == ["ann"]


def test_postgresql_lets_nobody_empty_the_table(postgresql):
    record(postgresql, "tests", "a", {})
    with (
        pytest.raises(DBAPIError, match="append-only"),
        postgresql.engine.begin() as connection,
    ):
        connection.execute(text("TRUNCATE audit"))

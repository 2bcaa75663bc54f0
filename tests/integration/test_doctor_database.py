"""What is told of the database, the relay and the work, on real servers."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, make_url, text

from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.dead_letters.groups import Groups
from persistence.health import server
from persistence.inbox import inbox
from persistence.locks import lock
from persistence.outbox import outbox, relay_name
from persistence.retries import retries
from tests.support.component import settings
from tests.support.doctor import only
from tests.support.postgresql import connect
from tests.support.waiting import wait_for
from tools.pgbouncer import pgbouncer
from tools.servers import PostgreSQLCluster, free_port, server_folder
from worker.doctor.examination import examine
from worker.doctor.finding import Finding
from worker.settings import Settings

LETTER = {
    "reason": "",
    "errors": {},
    "attempts": [],
    "body": b"",
    "body_bytes": 0,
    "properties": {},
    "died_at": datetime.now(UTC) - timedelta(hours=3),
}


def on(database: Database | str, **changes: object) -> Settings:
    """The settings of a component on this database, whose broker is away."""
    url = (
        database
        if isinstance(database, str)
        else database.url.render_as_string(hide_password=False)
    )
    return settings(url, **changes)


def told(who: Settings, *words: str, state: str = "") -> list[Finding]:
    findings = [f for f in examine(who).findings if f.subject != "broker"]
    wanted = [f for f in findings if f.state == (state or f.state) and (state or f.state != "ok")]
    return [f for f in wanted if all(word in f"{f.sentence} {f.way_out}" for word in words)]


def broken(who: Settings) -> list[str]:
    bad = ("wrong", "unknown", "warning")
    return [f.sentence for f in examine(who).findings if f.state in bad and f.subject != "broker"]


def execute(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_database_that_is_well_lacks_only_the_relay(database):
    assert broken(on(database)) == ["No relay works."]


@pytest.mark.parametrize("at", ["0001", "0005"])
def test_a_schema_that_is_behind_is_named(database, at):
    execute(database, f"UPDATE alembic_version SET version_num = '{at}'")
    finding = only(told(on(database), "behind", f"at {at}"))
    assert (finding.state, finding.way_out) == ("wrong", "run `python -m worker migrate`.")


def test_a_database_without_schema_is_behind(postgresql_database):
    assert only(told(on(postgresql_database), "behind", "worker migrate")).state == "wrong"


def test_a_file_that_is_missing_is_named_and_not_made(sqlite_database):
    assert only(told(on(sqlite_database), "There is no file", "worker migrate")).state == "wrong"
    assert not Path(make_url(sqlite_database).database).exists()


def test_a_schema_that_is_ahead_is_no_fault(database):
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    assert only(told(on(database), "ahead of this program")).state == "warning"


def test_a_relay_that_works_is_found_and_left_alone(database):
    who = on(database)
    with database.autocommit_connection() as connection:
        its = lock(database, connection, relay_name(who.component_name))
        assert its.acquire(wait=False)
        assert not told(who, "No relay works")
        assert its.acquire(wait=False), "it was taken away"
        its.release()
        connection.invalidate()
    assert told(who, "No relay works")


def store_event(database: Database, who: Settings, seconds: float = 0) -> None:
    row = {
        "component": who.component_name,
        "type": "entity.Created",
        "body": "{}",
        "message_id": str(uuid4()),
        "correlation_id": str(uuid4()),
        "timestamp": int((datetime.now(UTC) - timedelta(seconds=seconds)).timestamp()),
        "headers": {},
    }
    with database.engine.begin() as connection:
        connection.execute(insert(outbox), row)


def test_a_relay_that_is_missing_while_the_outbox_fills_is_named(database):
    who = on(database)
    for _ in range(3):
        store_event(database, who)
    finding = only(told(who, "No relay works; messages that wait in the outbox: 3."))
    assert "Start `python -m worker relay`" in finding.way_out


def test_an_event_that_waits_for_long_is_named(database):
    who = on(database)
    store_event(database, who, seconds=600)
    assert only(told(who, "wait in the outbox: 1", "the oldest event for 10 min")).state == "wrong"


def test_what_others_have_in_the_same_tables_is_not_counted(database):
    store_event(database, on(database, component_name="others"), seconds=600)
    assert broken(on(database)) == ["No relay works."]


def test_a_retry_that_is_overdue_is_named(database):
    who = on(database)
    due = datetime.now(UTC) - timedelta(minutes=10)
    row = {"component": who.component_name, "due_at": due, "body": b"", "properties": {}}
    with database.engine.begin() as connection:
        connection.execute(insert(retries), row)
    assert only(told(who, "another attempt: 1", "overdue by 10 min")).state == "wrong"


def test_dead_letters_are_counted_by_kind(database):
    who = on(database)
    row = {**LETTER, "component": who.component_name}
    with database.engine.begin() as connection:
        for kind in ("failed", "failed", "malformed"):
            connection.execute(insert(dead_letters), {**row, "kind": kind})
    finding = only(told(who, "2 failed, 1 malformed", "3 h ago"))
    assert finding.state == "warning"


def test_dead_letters_are_told_by_their_cause_unless_it_is_on_hold(database):
    who = on(database)
    for fingerprint in ("f1", "f1", "f2"):
        letter = {**LETTER, "component": who.component_name, "fingerprint": fingerprint}
        with database.engine.begin() as connection:
            connection.execute(insert(dead_letters), {**letter, "kind": "failed", "type": "a.B"})
    Groups(database, who.component_name).say("f2", on_hold=True)
    finding = only(told(who, "of one cause: 2 failed a.B"))
    assert "dead replay --group f1" in finding.way_out
    assert told(who, "of one cause: 1 failed") == []
    Groups(database, who.component_name).say("f1", on_hold=True)
    assert told(who, "3 failed") == []
    assert told(who, "3 failed", "All are on hold", state="ok")


def test_what_died_of_its_body_is_to_be_corrected(database):
    who = on(database)
    letter = {**LETTER, "component": who.component_name, "fingerprint": "f1", "kind": "invalid"}
    with database.engine.begin() as connection:
        (died,) = connection.execute(insert(dead_letters), letter).inserted_primary_key
    finding = only(told(who, "of one cause: 1 invalid"))
    assert f"dead replay {died} --edit" in finding.way_out


def test_an_inbox_that_does_not_forget_is_named(database):
    who = on(database)
    row = {
        "component": who.component_name,
        "command_id": uuid4(),
        "digest": "",
        "status": "applied",
        "attempt": 1,
        "recorded_at": datetime.now(UTC) - timedelta(days=40),
    }
    with database.engine.begin() as connection:
        connection.execute(insert(inbox), row)
    assert only(told(who, "commands of 40 days ago", "after 30")).state == "warning"


def test_a_server_that_forgets_what_it_has_committed_is_named(postgresql):
    name = postgresql.url.database
    with connect(postgresql.url) as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    finding = only(told(on(postgresql), "synchronous_commit is off"))
    assert (finding.state, "RESET synchronous_commit" in finding.way_out) == ("wrong", True)


def test_a_pooler_that_shares_sessions_is_named(migrated_postgresql_url):
    with pgbouncer(migrated_postgresql_url, "transaction") as url:
        finding = only(told(on(url), "pooler"))
    assert (finding.state, "Set pool_mode = session" in finding.way_out) == ("wrong", True)


def test_an_encoding_that_cannot_hold_every_text_is_named(postgresql_database):
    place, _, name = postgresql_database.rpartition("/")
    with connect(postgresql_database) as connection:
        connection.execute(
            text(
                f"CREATE DATABASE {name}_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
                " TEMPLATE template0"
            )
        )
        try:
            finding = only(told(on(f"{place}/{name}_ascii"), "SQL_ASCII"))
        finally:
            connection.execute(text(f"DROP DATABASE {name}_ascii WITH (FORCE)"))
    assert (finding.state, "ENCODING 'UTF8'" in finding.way_out) == ("wrong", True)


@pytest.mark.parametrize(("shift", "words"), [("+", "ahead of"), ("-", "behind")])
def test_a_clock_that_is_a_minute_off_is_named(postgresql, shift, words):
    # Found before the server's own function, as it would be if the server's time were wrong.
    execute(
        postgresql,
        "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        f" $$ SELECT pg_catalog.clock_timestamp() {shift} interval '1 minute' $$",
    )
    path = {"options": "-c search_path=public,pg_catalog"}
    url = postgresql.url.update_query_dict(path).render_as_string(hide_password=False)
    finding = only(told(on(url), f"{words} this machine's"))
    assert re.search(r"clock is (5\d|6\d) s", finding.sentence)
    assert (finding.state, "NTP" in finding.way_out) == ("wrong", True)


def test_a_long_transaction_is_named_by_its_session(postgresql, monkeypatch):
    with connect(postgresql.url) as other:
        other.execute(text("SET application_name = 'report'"))
        pid = other.scalar(text("SELECT pg_backend_pid()"))
        other.execute(text("BEGIN; CREATE TEMPORARY TABLE kept (id int)"))
        monkeypatch.setattr(server, "LONG", 0.0)
        finding = only(told(on(postgresql), f"session {pid} (", "report"))
    assert (finding.state, "pg_terminate_backend" in finding.way_out) == ("warning", True)


def test_a_sequence_that_ends_soon_is_named(postgresql):
    execute(postgresql, "CREATE SEQUENCE short MAXVALUE 100; SELECT setval('short', 95)")
    assert only(told(on(postgresql), "95% of the numbers of short")).state == "wrong"


def test_a_table_of_dead_rows_is_named(postgresql, monkeypatch):
    monkeypatch.setattr("worker.doctor.upkeep.MANY", 5)
    with connect(postgresql.url) as connection:
        connection.execute(
            text(
                "INSERT INTO outbox (component, type, body, message_id, correlation_id, timestamp,"
                " headers) SELECT 'x', '', '', '', '', 0, '{}' FROM generate_series(1, 10)"
            )
        )
        connection.execute(text("DELETE FROM outbox"))
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    wait_for(lambda: told(on(postgresql), "The table outbox has 10 dead rows"), "its statistics")


def test_a_database_that_only_reads_is_named(postgresql):
    name = postgresql.url.database
    with connect(postgresql.url) as connection:
        setting = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        connection.execute(text(setting))
    assert only(told(on(postgresql), "It takes no writes", "read-only")).state == "wrong"


def test_a_database_that_is_away_is_named_without_its_password():
    url = f"postgresql+psycopg://me:s3cret@127.0.0.1:{free_port()}/nowhere"
    finding = only(told(on(url), "me:***@127.0.0.1", "does not take us"))
    assert finding.state == "wrong"
    assert "s3cret" not in str(finding)


@pytest.mark.server
def test_a_wrong_password_of_the_database_is_called_that_and_not_shown():
    with server_folder("postgresql") as folder:
        rules = folder / "hba.conf"
        rules.write_text(
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        cluster = PostgreSQLCluster(folder, settings={"hba_file": str(rules)})
        try:
            cluster.start()
            with connect(cluster.url()) as connection:
                connection.execute(text("CREATE ROLE me LOGIN PASSWORD 'right'"))
            url = cluster.url().replace("postgres@", "me:s3cret@")
            finding = only(told(on(url), "password authentication failed"))
        finally:
            cluster.kill()
    assert (finding.state, "correct DATABASE_URL" in finding.way_out) == ("wrong", True)
    assert "s3cret" not in str(finding)


def test_the_other_database_of_the_query_side_is_looked_at(database, tmp_path):
    copy = tmp_path / "copy.db"
    who = replace(on(database), read_database_url=f"sqlite:///{copy}")
    assert only(told(who, "READ_DATABASE_URL", "There is no file")).state == "wrong"
    assert not copy.exists()

"""Up, down and up again; who refuses a schema that is behind; several at once."""

import gc
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from io import StringIO
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from textwrap import dedent, indent
from threading import Thread
from typing import IO, Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Column, Integer, Numeric, Table, TypeDecorator, event, inspect, text
from sqlalchemy.dialects.postgresql import JSONB
from structlog.testing import capture_logs

from persistence.columns import (
    Choice,
    ExactDecimal,
    SerialKey,
    Timestamp,
    ValueObject,
    metadata,
)
from persistence.database import Database
from persistence.dead_letters import dead_letters, filling
from persistence.dead_letters.fingerprint import fingerprint
from persistence.exceptions import DatabaseBehind, Unsuitable
from persistence.locks import lock
from persistence.migrating import check_schema, migrate
from persistence.retries import retries
from persistence.tables import load_all_tables
from tests.support.component import component, rows
from tests.support.postgresql import connect
from tests.support.project import PACKAGES, PYTHON, ROOT, environment
from tests.support.waiting import wait_for
from worker.consumer.consumer import Consumer
from worker.relay.relay import Relay
from worker.runtime.health import Health
from worker.runtime.stop import StopFlag

load_all_tables()
TABLES = set(metadata.tables)
OF_PEOPLE = {"audit", "dead_letter_groups", "operations", "operation_commands"}
# Whatever aggregates there are.
OURS = {"inbox", "outbox", "retries", "dead_letters", "removed", *OF_PEOPLE}


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.dispose()


@pytest.fixture
def alembic(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Alembic as a person uses it: the settings of pyproject.toml, and DATABASE_URL."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    return Config(toml_file=str(ROOT / "pyproject.toml"), stdout=StringIO())


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_going_up_makes_every_table(alembic, empty):
    command.upgrade(alembic, "head")
    assert tables(empty) == TABLES


def test_going_down_leaves_no_table(alembic, empty):
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "base")
    assert tables(empty) == set()


def test_every_migration_goes_up_and_down_by_itself(alembic, empty):
    command.upgrade(alembic, "+1")
    command.downgrade(alembic, "-1")
    command.upgrade(alembic, "+2")
    command.downgrade(alembic, "-1")
    assert tables(empty) == OURS - {"removed", *OF_PEOPLE}


def test_after_going_up_and_down_it_goes_up_again(alembic, empty):
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "base")
    command.upgrade(alembic, "head")
    assert tables(empty) == TABLES


def test_the_migrations_make_what_the_program_expects(alembic):
    command.upgrade(alembic, "head")
    assert command.check(alembic) is None


def test_alembic_closes_the_connection_it_opened(alembic):
    with finalizers_complaints():
        gc.collect()  # what others have left is not meant here
    with finalizers_complaints() as complaints:
        command.upgrade(alembic, "head")
        gc.collect()
    assert complaints == []


@contextmanager
def finalizers_complaints() -> Iterator[list[str]]:
    """Collect what finalizers raise: warnings are errors here, and nobody can catch theirs."""
    seen: list[str] = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda args: seen.append(str(args.exc_value))
    try:
        yield seen
    finally:
        sys.unraisablehook = hook


def test_a_difference_between_migrations_and_program_is_noticed(alembic):
    command.upgrade(alembic, "head")
    forgotten = Table("forgotten", metadata, Column("id", Integer, primary_key=True))
    try:
        with pytest.raises(CommandError, match="New upgrade operations detected"):
            command.check(alembic)
    finally:
        metadata.remove(forgotten)


def test_a_table_of_another_program_is_nobody_s_difference(alembic, empty):
    command.upgrade(alembic, "head")
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE INDEX ix_theirs ON theirs (id)"))
    assert command.check(alembic) is None


class Money(TypeDecorator[str]):
    """A type of an aggregate's own."""

    impl = Numeric(12, 2)
    cache_ok = True


class Notes(TypeDecorator[str]):
    impl = JSONB
    cache_ok = True


class Level(Enum):
    LOW = "low"


def test_a_type_of_our_own_is_written_as_what_it_is_in_the_database(alembic, tmp_path):
    command.upgrade(alembic, "head")
    versions = ROOT / "persistence" / "migrations" / "versions"
    alembic.set_main_option("path_separator", "newline")
    alembic.set_main_option("version_locations", f"{versions}\n{tmp_path}")
    columns = (
        Column("paid", Money),
        Column("at", Timestamp),
        Column("notes", Notes),
        Column("price", ExactDecimal(18, 2)),
        Column("level", Choice(Level)),
        Column("lines", ValueObject(tuple[str, ...])),
    )
    orders = Table("sample_orders", metadata, Column("id", SerialKey, primary_key=True), *columns)
    try:
        command.revision(alembic, "orders", autogenerate=True, version_path=str(tmp_path))
    finally:
        metadata.remove(orders)
    (script,) = tmp_path.glob("*.py")
    written = " ".join(script.read_text().split()).replace("( ", "(")
    compile(script.read_text(), script.name, "exec")
    assert "from sqlalchemy.dialects import postgresql" in written
    exact = 'sa.Numeric(precision=18, scale=2).with_variant(sa.BigInteger(), "sqlite")'
    for column in (
        'sa.Column("paid", sa.Numeric(precision=12, scale=2)',
        'sa.Column("at", sa.DateTime(timezone=True)',
        'sa.Column("notes", postgresql.JSONB(',
        f'sa.Column("price", {exact}',
        'sa.Column("level", sa.Text()',
        'sa.Column("lines", sa.Text()',
    ):
        assert column in written


TABLE = """
from enum import Enum
from sqlalchemy import Column, Integer, Table, Text, TypeDecorator, Uuid
from persistence.columns import Choice, ExactDecimal, Timestamp, ValueObject, metadata

class Level(Enum):
    LOW = "low"

class Shouted(TypeDecorator):
    impl = Text
    cache_ok = True

accounts = Table(
    "sample_accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("balance", ExactDecimal(18, 2), nullable=False),
    Column("level", Choice(Level)),
    Column("lines", ValueObject(tuple[str, ...])),
    Column("owner", Shouted),
    Column("since", Timestamp),
    Column("version", Integer, nullable=False),
)
"""


@pytest.mark.slow
def test_a_table_of_an_author_s_own_is_migrated_by_what_the_sentence_says(
    empty_database_url, tmp_path
):
    for package in PACKAGES:
        copytree(ROOT / package, tmp_path / package, ignore=ignore_patterns("__pycache__"))
    copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "persistence" / "sample_account").mkdir()
    (tmp_path / "persistence" / "sample_account" / "table.py").write_text(TABLE)
    (tmp_path / "persistence" / "sample_account" / "__init__.py").touch()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {"DATABASE_URL": empty_database_url, "PYTHONPATH": str(tmp_path)}
        return _run(arguments, environment(**variables), tmp_path)

    first = run("worker", "migrate")
    assert first.returncode == 1
    assert first.stderr.startswith(
        "Error: The program has tables or columns that no migration makes: sample_accounts."
        " Write one: "
    )
    for arguments in (
        ("alembic", "revision", "--autogenerate", "-m", "accounts"),
        ("worker", "migrate"),
        ("alembic", "check"),
    ):
        result = run(*arguments)
        assert result.returncode == 0, result.stderr


def test_every_constraint_and_index_is_named_by_the_convention(database):
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        names = {inspector.get_pk_constraint(table)["name"] for table in OURS}
        for table in OURS:
            names |= {index["name"] for index in inspector.get_indexes(table)}
            names |= {check["name"] for check in inspector.get_check_constraints(table)}
    # SQLite writes down no name of a key that it numbers itself.
    numbered = {"pk_audit", "pk_operations", "pk_outbox", "pk_retries", "pk_dead_letters"}
    unnamed = set() if database.is_postgresql else numbered
    assert names - {None} | unnamed == {
        *(f"pk_{table}" for table in OURS),
        "ix_audit_component_id",
        "ix_inbox_recorded_at",
        "ix_outbox_events",
        "ix_outbox_replies",
        "ix_retries_component_due_at",
        "ix_retries_component_command_id",
        "ix_dead_letters_command_id",
        "ix_dead_letters_died_at",
        "ix_dead_letters_component_fingerprint",
        "ix_operations_component_id",
        "ck_inbox_status",
    }


def test_the_outbox_has_autovacuum_settings_of_its_own(postgresql):
    with postgresql.engine.connect() as connection:
        query = text("SELECT reloptions FROM pg_class WHERE relname = 'outbox'")
        options = connection.execute(query).scalar_one()
    assert "autovacuum_vacuum_scale_factor=0" in options


def test_migrating_makes_the_schema_that_the_program_needs(empty):
    migrate(empty)
    assert check_schema(empty) is True


def test_a_release_that_knows_no_attempts_of_retries_can_still_store_one(database):
    add = "INSERT INTO retries (component, due_at, body, properties)"
    with database.engine.begin() as connection:
        connection.execute(text(f"{add} VALUES ('tests', '2026-01-01', '', '{{}}')"))
    (row,) = rows(database, retries)
    assert (row["command_id"], row["attempt"], row["sends"]) == (None, None, 0)


def test_a_release_that_knows_no_errors_of_retries_can_still_store_one(database):
    add = "INSERT INTO retries (component, due_at, body, properties, attempt, sends)"
    with database.engine.begin() as connection:
        connection.execute(text(f"{add} VALUES ('tests', '2026-01-01', '', '{{}}', 2, 0)"))
    (row,) = rows(database, retries)
    assert row["error"] is None


def test_migrating_again_changes_nothing(empty):
    migrate(empty)
    migrate(empty)
    assert tables(empty) == TABLES


def test_migrating_goes_on_from_where_the_database_is(alembic, empty):
    command.upgrade(alembic, "0001")
    migrate(empty)
    assert tables(empty) == TABLES


def test_an_empty_database_is_behind(empty):
    with pytest.raises(DatabaseBehind) as refusal:
        check_schema(empty)
    assert str(refusal.value) == (
        "The database schema is behind (at nothing): run `python -m worker migrate`."
    )


def test_a_database_that_lacks_a_migration_is_behind(alembic, empty):
    command.upgrade(alembic, "0001")
    with pytest.raises(DatabaseBehind, match=r"behind \(at 0001\): run `python -m worker migrate`"):
        check_schema(empty)


def set_version(database: Database, version: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))


def test_a_newer_database_is_usable_and_told(database):
    set_version(database, "9999")
    assert check_schema(database) is False


def test_an_older_release_leaves_a_newer_database_as_it_is(database):
    set_version(database, "9999")
    assert migrate(database) is False
    assert check_schema(database) is False


@pytest.mark.parametrize(
    ("version", "said"),
    [("theirs", "theirs, which is no migration of ours"), ("0003", "0003, but has no table inbox")],
)
def test_a_version_of_another_program_is_not_taken_for_one_of_ours(empty, version, said):
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text(f"INSERT INTO alembic_version VALUES ('{version}')"))
    for ask in (migrate, check_schema):
        with pytest.raises(Unsuitable, match=f"{said}.*another program keeps its versions"):
            ask(empty)


def test_a_version_of_another_program_beside_an_older_one_of_ours_is_not_taken_for_newer(database):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0005'"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
    for ask in (migrate, check_schema):
        with pytest.raises(Unsuitable, match=r"0005, theirs, .* but for 0005, which is behind"):
            ask(database)


def test_migrations_that_do_not_fit_are_told_as_ours(empty, monkeypatch):
    def upgrade(*arguments: object) -> None:
        raise CommandError("Multiple head revisions are present")

    monkeypatch.setattr(command, "upgrade", upgrade)
    with pytest.raises(Unsuitable, match="Multiple head revisions"):
        migrate(empty)


def worker(program: str, url: str) -> subprocess.CompletedProcess[str]:
    return _run(["worker", program], environment(DATABASE_URL=url), ROOT)


def _run(
    arguments: Sequence[str], variables: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-m", *arguments],
        env=variables,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_the_worker_refuses_a_database_that_is_behind_and_says_what_mends_it(sqlite_database):
    result = worker("run", sqlite_database)
    assert result.returncode == 1
    assert result.stderr == (
        "Error: The database schema is behind (at nothing): run `python -m worker migrate`.\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("program", ["run", "relay"])
def test_the_worker_refuses_a_file_that_cannot_be_there_in_a_sentence(tmp_path, program):
    result = worker(program, f"sqlite:///{tmp_path / 'missing' / 'x.db'}")
    assert result.returncode == 1
    assert result.stderr.startswith("Error: The SQLite file ")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_older_worker_is_content_with_a_newer_database(sqlite):
    set_version(sqlite, "9999")
    result = worker("migrate", str(sqlite.url))
    assert (result.returncode, result.stderr) == (0, "")
    assert "newer than this program" in result.stdout


@pytest.mark.parametrize("program", [Consumer, Relay])
def test_each_process_refuses_a_database_that_is_behind(program, empty):
    with pytest.raises(DatabaseBehind):
        program(component(empty), StopFlag(1), Health(empty, 30)).run()


@pytest.mark.parametrize("program", [Consumer, Relay])
def test_the_worker_warns_of_a_newer_database(program, sqlite):
    set_version(sqlite, "9999")
    stop = StopFlag(1)
    stop.set()
    with capture_logs() as logs:
        program(component(sqlite), stop, Health(sqlite, 30)).run()
    warnings = [log["event"] for log in logs if log["log_level"] == "warning"]
    assert len(warnings) == 1
    assert "newer" in warnings[0]


# Migrates one database after the other; the next one when it is told. There may be one more folder
# of migrations, and less patience with the silent.
_MIGRATE = """
import sys
from persistence import migrating, sessions
from persistence.database import Database
from persistence.dead_letters import dead_letters, filling
from persistence.dead_letters.fingerprint import fingerprint
from persistence.migrating import migrate
if sys.argv[1:]:
    known, more, sessions.SILENCE = migrating._config, sys.argv[1], float(sys.argv[2])
    def config(connection):
        config = known(connection)
        folder = config.get_main_option("script_location")
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", f"{folder}/versions\\n{more}")
        return config
    migrating._config = config
print("ready", flush=True)
for url in sys.stdin:
    database = Database(url.strip())
    migrate(database)
    database.dispose()
    print("migrated", flush=True)
"""


@contextmanager
def two_migrators(*arguments: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Give two processes that migrate what they are told to."""
    processes = [
        subprocess.Popen(
            [PYTHON, "-c", _MIGRATE, *arguments],
            env=environment(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    try:
        yield processes
        for process in processes:
            process.communicate(timeout=30)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture
def migrators() -> Iterator[list[subprocess.Popen[str]]]:
    with two_migrators() as processes:
        yield processes


def migrate_at_once(processes: list[subprocess.Popen[str]], url: str) -> list[str]:
    """Let all processes migrate a database at the same time; return what they say."""
    for process in processes:
        _say(process.stdin, url)
    return [process.stdout.readline() for process in processes]


def _say(stream: IO[str], line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


@pytest.mark.slow
def test_two_who_migrate_sqlite_at_once_both_succeed(migrators, tmp_path):
    for number in range(20):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        assert migrate_at_once(migrators, url) == ["migrated\n"] * 2


def test_two_who_migrate_postgresql_at_once_both_succeed(migrators, postgresql_server):
    for _ in range(5):
        with postgresql_server.database() as url:
            assert migrate_at_once(migrators, url) == ["migrated\n"] * 2


def migration(folder: Path, body: str) -> None:
    """Write a migration that comes after ours."""
    head = ScriptDirectory(str(ROOT / "persistence" / "migrations")).get_current_head()
    (folder / "theirs.py").write_text(
        "import sys\nfrom alembic import op\n"
        f"revision, down_revision = 'theirs', '{head}'\n"
        f"def upgrade():\n{indent(dedent(body), '    ')}\n"
    )


def test_two_who_build_an_index_concurrently_do_not_wait_for_each_other(
    postgresql_server, tmp_path
):
    migration(
        tmp_path,
        """
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY ix_value ON inbox (status)")
        """,
    )
    valid = text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_value'::regclass")
    with two_migrators(str(tmp_path), "60") as migrators:
        for _ in range(4):
            with postgresql_server.database() as url:
                assert migrate_at_once(migrators, url) == ["migrated\n"] * 2
                with connect(url) as connection:
                    assert connection.execute(valid).scalars().all() == [True]


def test_who_is_frozen_while_it_migrates_loses_its_lock_and_its_session(
    postgresql_database, tmp_path
):
    migration(
        tmp_path,
        """
        op.execute("CREATE TABLE slow (i INTEGER)")
        print("here", flush=True)
        sys.stdin.readline()  # whoever is told nothing stays here
        """,
    )
    with two_migrators(str(tmp_path), "1") as (frozen, other):
        for process in (frozen, other):
            _say(process.stdin, postgresql_database)
            assert process.stdout.readline() == "here\n"  # the other one: after a second
        _say(other.stdin, "go on")
        assert other.stdout.readline() == "migrated\n"
        frozen.kill()


def test_who_migrates_waits_for_another_as_long_as_it_takes(postgresql_database):
    # A migration may take minutes, much longer than any statement of the worker.
    holder, second = Database(postgresql_database), Database(postgresql_database, deadline=0.3)
    errors: list[Exception] = []

    def migrate_second() -> None:
        try:
            migrate(second)
        except Exception as error:
            errors.append(error)

    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE '%pg_try_advisory_lock%' AND state = 'idle' AND pid <> pg_backend_pid()"
        " AND clock_timestamp() - backend_start > interval '1 s'"
    )
    thread = Thread(target=migrate_second)
    try:
        with holder.autocommit_connection() as connection:
            turn = lock(holder, connection, "migrate")
            turn.acquire(wait=True)
            thread.start()
            wait_for(lambda: connection.scalar(query) or errors, "the second one waits", 10)
            turn.release()
        thread.join(30)
        assert errors == []
        assert tables(holder) == TABLES
    finally:
        holder.dispose()
        second.dispose()


def test_a_migration_may_take_longer_than_a_statement_of_the_worker(postgresql_database):
    impatient = Database(postgresql_database, deadline=0.3)

    def slowly(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.strip().startswith("CREATE TABLE inbox"):
            cursor.execute("SELECT pg_sleep(1)")

    event.listen(impatient.engine, "before_cursor_execute", slowly)
    try:
        migrate(impatient)
        assert tables(impatient) == TABLES
    finally:
        impatient.dispose()


def test_dead_letters_of_before_get_their_fingerprints_in_bites(alembic, empty, monkeypatch):
    monkeypatch.setattr(filling, "_BITE", filling._BITE.limit(2))
    command.upgrade(alembic, "0006")
    old = {"component": "any", "kind": "crash", "reason": "No. 7", "body": b"", "body_bytes": 0}
    more = {"errors": {}, "attempts": [], "properties": {}, "died_at": datetime.now(UTC)}
    with empty.engine.begin() as connection:
        connection.execute(dead_letters.insert(), [{**old, **more}] * 5)
    command.upgrade(alembic, "head")
    expected = fingerprint("crash", None, "No. 8", None)
    assert [row["fingerprint"] for row in rows(empty, dead_letters)] == [expected] * 5
    command.downgrade(alembic, "0007")
    command.upgrade(alembic, "head")  # as after one that was broken off

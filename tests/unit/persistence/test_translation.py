"""Where driver errors end, by what the drivers say and with real ones."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic

import psycopg
import pytest
from sqlalchemy import exc, text

from persistence.database import Database
from persistence.exceptions import (
    Collision,
    Conflict,
    Doubtful,
    Locked,
    PersistenceError,
    Refused,
    Stale,
    StorageUnavailable,
    TooSlow,
)
from persistence.probe import require_write
from persistence.translation import driver_errors
from tests.support.component import ping
from tests.support.waiting import wait_for

SECRET = "INSERT INTO t VALUES ('s3cret')"


def translated(error: Exception) -> PersistenceError:
    with pytest.raises(PersistenceError) as caught, driver_errors():
        raise error
    return caught.value


def of_postgresql(
    sqlstate: str | None, wrapper: type[exc.DBAPIError] = exc.DBAPIError
) -> Exception:
    cause = psycopg.DatabaseError("no")
    cause.sqlstate = sqlstate
    return wrapper(SECRET, {}, cause)


def of_sqlite(name: str, wrapper: type[exc.DBAPIError]) -> Exception:
    cause = sqlite3.DatabaseError("no")
    cause.sqlite_errorname = name
    return wrapper(SECRET, {}, cause)


@pytest.mark.parametrize(
    ("sqlstate", "meaning"),
    [
        ("40001", Conflict),  # serialization failure
        ("40P01", Conflict),  # deadlock
        ("55P03", Locked),  # lock timeout
        ("23505", Collision),  # unique
        ("23502", Refused),  # not null
        ("23514", Refused),  # check
        ("22001", Refused),  # too long
        ("22P05", Refused),  # untranslatable character
        ("P0001", Refused),  # raised by a trigger
        ("08006", StorageUnavailable),  # connection failure
        ("57014", TooSlow),  # statement timeout
        ("25P03", TooSlow),  # idle in transaction
        ("26000", Stale),  # no such prepared statement
        ("0A000", Refused),  # not supported, whatever it may be
        ("57P01", StorageUnavailable),  # admin shutdown
        ("57P03", StorageUnavailable),  # starting up
        ("53100", StorageUnavailable),  # disk full
        ("53300", StorageUnavailable),  # too many connections
        ("58030", StorageUnavailable),  # I/O error
        ("25006", StorageUnavailable),  # read-only
        ("28P01", StorageUnavailable),  # wrong password
        ("3D000", StorageUnavailable),  # no such database
        ("42P01", Doubtful),  # no such table
        ("42501", Doubtful),  # no rights
        ("XX000", Doubtful),  # an internal error
        ("XX001", Refused),  # a corrupt row
        ("25P02", Refused),  # an aborted transaction that somebody goes on with
    ],
)
def test_a_sqlstate_has_its_meaning(sqlstate, meaning):
    assert type(translated(of_postgresql(sqlstate))) is meaning


@pytest.mark.parametrize(
    ("name", "wrapper", "meaning"),
    [
        ("SQLITE_BUSY", exc.OperationalError, Conflict),
        ("SQLITE_BUSY_SNAPSHOT", exc.OperationalError, Conflict),
        ("SQLITE_LOCKED", exc.OperationalError, Conflict),
        ("SQLITE_CONSTRAINT_UNIQUE", exc.IntegrityError, Collision),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", exc.IntegrityError, Collision),
        ("SQLITE_CONSTRAINT_NOTNULL", exc.IntegrityError, Refused),
        ("SQLITE_CONSTRAINT_CHECK", exc.IntegrityError, Refused),
        ("SQLITE_TOOBIG", exc.DataError, Refused),
        ("SQLITE_INTERRUPT", exc.OperationalError, TooSlow),
        ("SQLITE_SCHEMA", exc.OperationalError, Stale),
        ("SQLITE_FULL", exc.OperationalError, StorageUnavailable),
        ("SQLITE_READONLY", exc.OperationalError, StorageUnavailable),
        ("SQLITE_IOERR_WRITE", exc.OperationalError, StorageUnavailable),
        ("SQLITE_CANTOPEN", exc.OperationalError, StorageUnavailable),
        ("SQLITE_CORRUPT", exc.DatabaseError, StorageUnavailable),
        ("SQLITE_NOTADB", exc.DatabaseError, StorageUnavailable),
    ],
)
def test_an_error_of_sqlite_has_its_meaning(name, wrapper, meaning):
    assert type(translated(of_sqlite(name, wrapper))) is meaning


@pytest.mark.parametrize("wrapper", [exc.OperationalError, exc.InterfaceError])
def test_a_connection_error_without_sqlstate_means_that_the_storage_is_away(wrapper):
    assert type(translated(of_postgresql(None, wrapper))) is StorageUnavailable


@pytest.mark.parametrize("wrapper", [exc.DataError, exc.ProgrammingError, exc.DBAPIError])
def test_another_error_without_sqlstate_is_about_what_was_sent(wrapper):
    assert type(translated(of_postgresql(None, wrapper))) is Refused


def test_an_invalidated_connection_means_that_the_storage_is_away():
    error = exc.DBAPIError(SECRET, {}, psycopg.DatabaseError("no"), connection_invalidated=True)
    assert type(translated(error)) is StorageUnavailable


def test_an_error_of_sqlalchemy_itself_is_about_what_was_sent():
    error = exc.StatementError("bad value", SECRET, {}, TypeError("no"))
    assert type(translated(error)) is Refused


def test_the_message_has_neither_sql_nor_values():
    message = str(translated(of_postgresql("22001")))
    assert message == "DatabaseError: no"


def test_the_message_has_one_line():
    cause = psycopg.DatabaseError("too long\nDETAIL: s3cret")
    cause.sqlstate = "22001"
    message = str(translated(exc.DataError(SECRET, {}, cause)))
    assert message == "DatabaseError: too long"


def test_the_cause_is_kept_for_tracebacks():
    error = of_postgresql("22001")
    assert translated(error).__cause__ is error


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (psycopg.OperationalError("the connection is closed"), StorageUnavailable),
        (psycopg.InterfaceError("the connection is lost"), StorageUnavailable),
        (psycopg.errors.AdminShutdown("terminating connection"), StorageUnavailable),
        (psycopg.errors.DeadlockDetected("deadlock detected"), Conflict),
        (psycopg.DataError("no"), Refused),
        (sqlite3.OperationalError("disk I/O error"), StorageUnavailable),
        (sqlite3.ProgrammingError("cannot operate on a closed database"), Refused),
        (FileNotFoundError(2, "No such file or directory", "/x"), StorageUnavailable),
        (exc.TimeoutError("QueuePool limit reached"), StorageUnavailable),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), Refused),
        (ValueError("badly formed hexadecimal UUID string"), Refused),
    ],
)
def test_what_no_library_has_wrapped_is_one_of_ours_too(error, meaning):
    assert type(translated(error)) is meaning


def test_other_exceptions_pass():
    with pytest.raises(ZeroDivisionError), driver_errors():
        raise ZeroDivisionError


# The same with real drivers


def test_a_database_that_answers_can_be_pinged(database):
    assert ping(database) == 1


def test_a_server_that_refuses_the_connection_is_away():
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(StorageUnavailable):
        ping(database)


def test_a_file_that_cannot_be_opened_is_away(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'no such folder' / 'component.db'}")
    with pytest.raises(StorageUnavailable):
        ping(database)


def test_a_file_that_is_no_database_is_away(tmp_path):
    path = tmp_path / "component.db"
    path.write_bytes(b"This is a letter to my aunt." * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(StorageUnavailable):
        ping(database)


def test_a_wrong_password_stays_out_of_the_message():
    database = Database("postgresql+psycopg://nobody:s3cret@127.0.0.1:1/nowhere")
    with pytest.raises(StorageUnavailable) as error:
        ping(database)
    assert "s3cret" not in str(error.value)


def test_a_database_without_tables_is_away(empty_database_url):
    database = Database(empty_database_url)
    with (
        pytest.raises(StorageUnavailable),
        driver_errors(),
        database.engine.connect() as connection,
    ):
        connection.execute(text("SELECT * FROM inbox"))
    database.dispose()


def test_a_session_that_was_ended_is_away_and_the_next_one_works(postgresql):
    with (
        pytest.raises(StorageUnavailable),
        driver_errors(),
        postgresql.engine.connect() as connection,
    ):
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert ping(postgresql) == 1


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where somebody takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_never_answers_is_away_after_the_deadline(silent_port):
    database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{silent_port}/x", deadline=0.2)
    with within(10), pytest.raises(StorageUnavailable):
        ping(database)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer: much longer than the deadline of the database."""
    started = monotonic()
    yield
    assert monotonic() - started < seconds


class Proxy:
    """Between us and a server; can turn silent without closing anything."""

    def __init__(self, host: str, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._target = (host, port)
        self._sockets = [self._server]
        self.silent = False
        self.port = self._server.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                near, far = self._server.accept()[0], socket.create_connection(self._target)
                self._sockets += [near, far]
                Thread(target=self._pump, args=(near, far), daemon=True).start()
                Thread(target=self._pump, args=(far, near), daemon=True).start()
        except OSError:
            return

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if not self.silent:
                    target.sendall(data)
        except OSError:
            return

    def close(self) -> None:
        for one in self._sockets:
            one.close()


@pytest.fixture
def proxy(postgresql: Database) -> Iterator[Proxy]:
    proxy = Proxy(postgresql.url.host, postgresql.url.port or 5432)
    yield proxy
    proxy.close()


def test_a_server_that_turns_silent_is_away_after_the_deadline(postgresql, proxy):
    url = postgresql.url.set(host="127.0.0.1", port=proxy.port)
    database = Database(url.render_as_string(hide_password=False), deadline=0.5)
    ping(database)
    proxy.silent = True
    with within(10), pytest.raises(StorageUnavailable):
        ping(database)
    proxy.silent = False
    assert ping(database) == 1
    database.dispose()


def test_a_table_that_changes_under_a_prepared_statement_needs_a_new_session_only(postgresql):
    def ask() -> None:
        with driver_errors(), postgresql.engine.begin() as connection:
            connection.execute(text("SELECT value FROM sample_things")).all()

    with postgresql.engine.connect() as connection:
        (first,) = connection.execute(text("SELECT pg_backend_pid()")).one()
    for _ in range(10):  # by then the driver has prepared it
        ask()
    with another(postgresql) as other, other.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sample_things ALTER value TYPE varchar(9999)"))
    with pytest.raises(Stale):
        ask()
    ask()
    with postgresql.engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).one() != (first,)


def test_a_session_that_may_only_read_is_not_used_again(postgresql):
    write = text("DELETE FROM outbox")
    with postgresql.engine.connect() as connection:
        connection.execute(text("SET default_transaction_read_only = on"))
        connection.commit()
    with (
        pytest.raises(StorageUnavailable),
        driver_errors(),
        postgresql.engine.begin() as connection,
    ):
        connection.execute(write)
    with driver_errors(), postgresql.engine.begin() as connection:
        connection.execute(write)


def test_a_statement_that_takes_too_long_is_told_by_the_server(postgresql):
    with (
        another(postgresql, 0.5) as database,
        pytest.raises(TooSlow),
        driver_errors(),
        database.engine.connect() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(60)"))


def test_a_transaction_that_is_idle_for_too_long_is_told_as_too_slow(postgresql):
    with another(postgresql, 0.5) as database, database.engine.connect() as connection:
        (pid,) = connection.execute(text("SELECT pg_backend_pid()")).one()
        wait_for(lambda: not is_there(postgresql, pid), "the end of the session", 10)
        with pytest.raises(TooSlow), driver_errors():
            connection.execute(text("SELECT 1"))


def another(database: Database, deadline: float = 15) -> Database:
    return Database(database.url.render_as_string(hide_password=False), deadline)


def is_there(database: Database, pid: int) -> bool:
    query = text(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}")
    with database.engine.connect() as connection:
        return bool(connection.execute(query).scalar_one())


def test_a_lock_that_somebody_holds_is_told(postgresql):
    with (
        another(postgresql) as database,
        postgresql.engine.begin() as holder,
    ):
        holder.execute(text("LOCK TABLE inbox"))
        with pytest.raises(Locked):
            require_write(database)


def test_whether_a_write_would_work_is_asked_without_leaving_anything(database):
    require_write(database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM inbox")).scalar_one() == 0


@pytest.mark.parametrize(
    ("deprive", "way_out"),
    [
        ("CREATE ROLE poor; SET LOCAL ROLE poor", r"\(migrations need GRANT CREATE ON SCHEMA"),
        ("SET LOCAL search_path = ''", r"\(search_path must name one that exists\)"),
    ],
    ids=["without the right", "without a schema"],
)
def test_who_cannot_make_a_table_hears_what_to_do(postgresql, deprive, way_out):
    tried = f"REVOKE CREATE ON SCHEMA public FROM PUBLIC; {deprive}; CREATE TABLE made (i INTEGER)"
    with (
        pytest.raises(StorageUnavailable, match=way_out),
        driver_errors(),
        postgresql.engine.connect() as connection,
    ):
        connection.execute(text(tried))

"""The database: whether we can work with it, and whether it keeps what it is given."""

from collections.abc import Iterator
from pathlib import Path

from persistence.checks import check_database, check_tables
from persistence.database import Database
from persistence.exceptions import Conflict, DatabaseBehind, PersistenceError, Unsuitable
from persistence.health.server import Server, ask_server, version_of_sqlite
from persistence.migrating import check_schema
from persistence.probe import require_write
from worker.doctor.durations import length
from worker.doctor.finding import Finding, ok, warning, wrong

SUBJECT = "database"
APART = 5.0  # seconds that two clocks may differ


def place(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)


def refused(database: Database, error: PersistenceError) -> Finding:
    """Return why it cannot be worked with."""
    if isinstance(error, Unsuitable):
        way_out = error.way_out or "Let DATABASE_URL name a file that we may write, in a folder too"
        return wrong(SUBJECT, f"{error.what.rstrip(':.')}.", way_out)
    sentence = f"{place(database)} does not take us: {str(error).rstrip('.')}."
    return wrong(SUBJECT, sentence, "Start it, correct DATABASE_URL, or open the network between.")


def introduce(database: Database) -> Iterator[Finding]:
    """Say what it is. Raises a `PersistenceError` where it cannot be worked with."""
    if database.is_postgresql:
        server = ask_server(database)
        yield ok(SUBJECT, f"PostgreSQL {server.version} ({place(database)}) answers, in UTF8.")
        yield from _server(server)
        check_database(database)
        yield ok(SUBJECT, "Each session is ours alone: no pooler gives it to others.")
    else:
        _require_file(database)
        check_database(database)
        path, version = database.url.database, version_of_sqlite(database)
        yield ok(SUBJECT, f"The file {path} can be used; SQLite {version}.")


def _require_file(database: Database) -> None:
    """Whoever looks shall not make it."""
    path = database.url.database or ""
    if not (database.is_postgresql or path.startswith("file:") or Path(path).exists()):
        raise DatabaseBehind(f"There is no file {path}.", "Run `python -m worker migrate`.")


def _server(server: Server) -> Iterator[Finding]:
    for setting in ("fsync", "full_page_writes"):
        if getattr(server, setting) == "off":
            yield wrong(
                SUBJECT,
                f"{setting} is off: a crash of the machine may destroy the database.",
                f"Set {setting} = on in postgresql.conf, and reload.",
            )
    if server.synchronous_commit == "off":
        yield wrong(
            SUBJECT,
            "synchronous_commit is off for this user and database: a crash loses what was"
            " committed last. Our sessions set it on; whatever else writes here does not.",
            "Set synchronous_commit = on where it was set off: ALTER ROLE or ALTER DATABASE …"
            " RESET synchronous_commit, or in postgresql.conf.",
        )
    else:
        yield ok(SUBJECT, f"synchronous_commit is {server.synchronous_commit}.")
    if abs(server.ahead) > APART:
        direction = "ahead of" if server.ahead > 0 else "behind"
        yield wrong(
            SUBJECT,
            f"The database's clock is {length(abs(server.ahead))} {direction} this machine's.",
            "Let both machines keep the time by NTP: one of them is wrong.",
        )
    else:
        yield ok(SUBJECT, "Its clock and this machine's agree.")


def schema(database: Database) -> Finding:
    """Raises `Unsuitable` where it is behind."""
    if check_schema(database):
        check_tables(database)
        return ok(SUBJECT, "The schema is up to date.")
    return warning(
        SUBJECT,
        "The schema is ahead of this program: a newer release has migrated it.",
        "Nothing while that release is rolled out; else deploy it here, too.",
    )


def writing(database: Database) -> Finding:
    try:
        require_write(database)
    except Conflict:
        return ok(SUBJECT, "It takes writes: somebody writes at this moment.")
    except PersistenceError as error:
        return wrong(
            SUBJECT,
            f"It takes no writes: {str(error).rstrip('.')}.",
            "It may be a replica, full, or read-only, or our user may lack rights on the tables.",
        )
    return ok(SUBJECT, "It takes writes.")


def examine_reading(database: Database) -> Iterator[Finding]:
    """Look at the other database that the query side reads."""
    try:
        _require_file(database)
        check_schema(database)
    except PersistenceError as error:
        where = place(database)
        sentence = f"READ_DATABASE_URL ({where}) cannot be read: {str(error).rstrip('.')}."
        yield wrong(SUBJECT, sentence, "Let the replica catch up, or correct READ_DATABASE_URL.")
    else:
        yield ok(SUBJECT, f"The query side can read {place(database)}.")

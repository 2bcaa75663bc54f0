"""What a database still holds of an aggregate that is to go."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import ColumnElement, Connection, Table, inspect, literal, or_, select

from persistence.database import Database
from persistence.dead_letters import dead_letters
from persistence.outbox import outbox
from persistence.retries import retries
from persistence.translation import driver_errors


def leftovers(
    database: Database,
    tables: Sequence[Table],
    commands: Collection[str],
    events: Collection[str],
) -> list[str]:
    """Return what is there, in words. `commands`, `events`: their wire names."""
    if _is_no_file(database):
        return []
    kept = retries.c.properties
    of_a_command = or_(
        kept["type"].as_string().in_(commands), kept[("headers", "type")].as_string().in_(commands)
    )
    questions: list[tuple[Table, str, ColumnElement[bool]]] = [
        *((table, f"rows in {table.name}", literal(True)) for table in tables),
        (outbox, "events that are not published yet", outbox.c.type.in_(events)),
        (retries, "commands that wait to be tried again", of_a_command),
        (dead_letters, "dead letters", dead_letters.c.type.in_([*commands, *events])),
    ]
    with driver_errors(), database.engine.connect() as connection:
        return list(_there(connection, questions))


def revisions(database: Database) -> set[str]:
    """Return the newest migrations that the database has."""
    if _is_no_file(database):
        return set()
    with driver_errors(), database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


def _there(
    connection: Connection, questions: list[tuple[Table, str, ColumnElement[bool]]]
) -> Iterator[str]:
    names = set(inspect(connection).get_table_names())
    for table, words, condition in questions:
        query = select(literal(1)).select_from(table).where(condition).limit(1)
        if table.name in names and connection.execute(query).first():
            yield words


def _is_no_file(database: Database) -> bool:
    """Tell whether there is no database to look at; a look would make the file of SQLite."""
    return not database.is_postgresql and not Path(database.url.database or "").exists()

"""Tables as they are after a long time, filled by the database itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from shutil import disk_usage
from tempfile import gettempdir

import psycopg

from benchmarks.databases import EMPTY
from benchmarks.servers import Servers

NAME = "bench_grown"
"""The component that the rows belong to."""

_BYTES_PER_ROW = 550  # of inbox, with its indexes; measured

_INBOX = f"""
INSERT INTO inbox (component, command_id, digest, status, attempt, outcome, recorded_at)
SELECT '{NAME}', gen_random_uuid(), repeat(md5(n::text), 2), 'applied', 2,
    json_build_object('event_id', gen_random_uuid(), 'command_id', gen_random_uuid(), 'timestamp',
        now(), 'entity_id', gen_random_uuid(), 'value', md5(n::text)),
    now() - interval '20 days' + n * interval '19 days' / %(rows)s
FROM generate_series(1, %(rows)s) AS n
"""

_OUTBOX = f"""
INSERT INTO outbox
    (component, aggregate_id, type, body, message_id, correlation_id, timestamp, headers)
SELECT '{NAME}', entity, 'entity.Updated',
    json_build_object('event_id', event, 'command_id', command, 'timestamp', now(), 'entity_id',
        entity, 'value', md5(n::text)),
    event, command, extract(epoch FROM now())::bigint,
    json_build_object('causation-id', command, 'schema-version', 1, 'aggregate-type', 'entity',
        'aggregate-id', entity, 'aggregate-version', 2)
FROM (
    SELECT n, gen_random_uuid() AS entity, gen_random_uuid() AS event, gen_random_uuid() AS command
    FROM generate_series(1, %(rows)s) AS n OFFSET 0
) AS filler
"""


@contextmanager
def grown_inbox(servers: Servers, rows: int) -> Iterator[str]:
    """Yield the name of a template whose inbox has so many rows of 20 to 1 days ago."""
    check_room(2 * rows * _BYTES_PER_ROW)  # the template, and the copy of a run
    name = f"{EMPTY}_inbox"
    servers.administer(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
    try:
        with psycopg.connect(servers.dsn(name), autocommit=True) as connection:
            with _without_indexes(connection, "inbox"):
                connection.execute(_INBOX, {"rows": rows})
            connection.execute("VACUUM (ANALYZE) inbox")
        yield name
    finally:
        servers.administer(f"DROP DATABASE {name} WITH (FORCE)")


def fill_outbox(dsn: str, rows: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_OUTBOX, {"rows": rows})
        connection.execute("VACUUM (ANALYZE) outbox")
        connection.execute("CHECKPOINT")


def check_room(needed: int) -> None:
    # Where the database keeps its files is its own affair; the private one is here.
    free = disk_usage(gettempdir()).free
    if free < 1.2 * needed:
        raise RuntimeError(
            f"{needed / 1e9:.0f} GB are needed on the disk, {free / 1e9:.0f} are free"
        )


@contextmanager
def _without_indexes(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Make them anew at the end, which takes minutes less than to keep them up to date."""
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
        (table,),
    ).fetchall()
    for name, _ in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", (table,)
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("SET maintenance_work_mem = '1GB'")
    for name, definition in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in indexes:
        connection.execute(definition)

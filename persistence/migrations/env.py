"""Run by Alembic: from `worker migrate`, or from its own command line with DATABASE_URL."""

import os
from pathlib import Path
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from sqlalchemy import Connection, TypeDecorator

from persistence.columns import metadata
from persistence.database import Database
from persistence.tables import load_all_tables

load_all_tables()  # so that a new aggregate's are found by themselves


def render_item(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write a type of our own as what it is in the database: a migration outlives our classes."""
    if not isinstance(item, TypeDecorator):
        return False
    return _repr_type(item.impl_instance, autogenerate)


def is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """Leave the tables of others who share the database alone."""
    return kind != "table" or parents["schema_qualified_table_name"] in metadata.tables


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        include_name=is_ours,
        transactional_ddl=True,  # SQLite can do it too, as our engine begins its transactions
    )
    with context.begin_transaction():
        context.run_migrations()


if given := context.config.attributes.get("connection"):
    run(given)
else:
    secret = os.environ.get("DATABASE_URL_FILE")
    given = os.environ.get("DATABASE_URL", "sqlite:///component.db")
    url = Path(secret).read_text().strip() if secret else given
    with (
        Database(url) as database,
        database.without_deadline(),
        database.engine.connect() as connection,
    ):
        run(connection)

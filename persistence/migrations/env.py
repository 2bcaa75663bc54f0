"""Run by Alembic: from `worker migrate`, or from its own command line with DATABASE_URL."""

import os
import pkgutil
from importlib import import_module
from typing import Literal

from alembic import context

import persistence
from persistence.database import Database, Timestamp, metadata

# Every module that defines tables belongs to the schema, so a new aggregate is found by itself.
for module in pkgutil.walk_packages(persistence.__path__, "persistence."):
    if not module.name.startswith("persistence.migrations"):
        import_module(module.name)

given = context.config.attributes.get("database")
database = given or Database(os.environ.get("DATABASE_URL", "sqlite:///component.db"))


def render_item(kind: str, item: object, context: object) -> str | Literal[False]:
    """Write our own column type as the plain type it is in the database."""
    return "sa.DateTime(timezone=True)" if isinstance(item, Timestamp) else False


with database.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        transactional_ddl=True,  # SQLite can do it too, as our engine begins its transactions
    )
    with context.begin_transaction():
        context.run_migrations()

if given is None:
    database.dispose()

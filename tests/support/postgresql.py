from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text


class PostgreSQLServer:
    """A server on which tests have databases of their own."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Yield the URL of a new database, a copy of `template` (a URL) or empty; drop it then."""
        source = make_url(template).database if template else "template0"
        name = f"test_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))

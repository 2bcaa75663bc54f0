"""Servers and databases for every test that asks for them; what nobody asks for is not started."""

import gc
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import event

from persistence.database import Database
from persistence.migrating import migrate
from tests.sample.things import make_table
from tests.support.postgresql import Migrated, PostgreSQLServer
from tools.processes import ServerProcess

# A busy machine is no reason to fail.
settings.register_profile(
    "fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fast")

# The fixtures that start a server. A test that starts one itself says so by the mark.
_SERVERS = ("amqp_url", "postgresql_url", "servers", "node", "ward")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server: by a fixture, or by a parameter that chooses one."""
    for item in items:
        chosen = getattr(item, "callspec", None)
        parameters = chosen.params.values() if chosen else ()
        fixtures = getattr(item, "fixturenames", ())
        if "postgresql" in parameters or any(name in fixtures for name in _SERVERS):
            item.add_marker(pytest.mark.server)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, which stay."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """See to it that no server is started by a test without the mark."""
    with pytest.MonkeyPatch.context() as patch:
        if not item.get_closest_marker("server"):
            patch.setattr(ServerProcess, "__init__", _refuse)
        return (yield)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Take back what a command line of a test has set up for its logs."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """The URL of a RabbitMQ. It may serve others too: use names of your own."""
    from tools.servers import rabbitmq  # noqa: PLC0415 - tests without a broker do without it

    with rabbitmq() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a PostgreSQL on which we may create databases."""
    from tools.servers import postgresql  # noqa: PLC0415 - tests without a server do without it

    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server(postgresql_url: str) -> PostgreSQLServer:
    return PostgreSQLServer(postgresql_url)


@pytest.fixture
def postgresql_database(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """The URL of an SQLite file of this test's own; the file does not exist yet."""
    return f"sqlite:///{tmp_path / 'component.db'}"


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """The URL of a migrated database to copy, with the table of things. Never connect to it."""
    with postgresql_server.database() as url:
        _migrate(url)
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy, with the table of things."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_copies(
    postgresql_server: PostgreSQLServer, postgresql_template: str
) -> Iterator[Callable[[], Migrated]]:
    """Makes another copy of the migrated database; all are dropped at the end."""
    with ExitStack() as copies:

        def copy() -> Migrated:
            return Migrated(copies.enter_context(postgresql_server.database(postgresql_template)))

        yield copy


@pytest.fixture(scope="session")
def idle_postgresql_databases() -> list[Migrated]:
    """Migrated databases, empty, that no test uses at the moment."""
    return []


@pytest.fixture
def migrated_postgresql_url(
    postgresql_copies: Callable[[], Migrated], idle_postgresql_databases: list[Migrated]
) -> Iterator[str]:
    idle = idle_postgresql_databases
    migrated = idle.pop() if idle else postgresql_copies()
    yield migrated.url
    if migrated.clean():
        idle.append(migrated)


@pytest.fixture
def migrated_sqlite_url(sqlite_database: str, sqlite_template: Path) -> str:
    shutil.copyfile(sqlite_template, sqlite_database.removeprefix("sqlite:///"))
    return sqlite_database


@pytest.fixture
def postgresql(migrated_postgresql_url: str) -> Iterator[Database]:
    database = Database(migrated_postgresql_url)
    yield database
    database.dispose()


@pytest.fixture
def sqlite(migrated_sqlite_url: str) -> Iterator[Database]:
    database = Database(migrated_sqlite_url)
    event.listen(database.engine, "connect", _write_at_leisure)
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database of this test's own, on each kind of database in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of this test's own, on each kind of database in turn."""
    return request.getfixturevalue(f"{request.param}_database")


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    make_table(database.engine)
    database.dispose()


def _write_at_leisure(connection: Any, _: object) -> None:
    """Wait for no disk: what becomes of a file when the power fails is not tried in one process."""
    connection.execute("PRAGMA synchronous = OFF")


def _refuse(*_: object) -> NoReturn:
    raise AssertionError("A test that starts a server has the mark `server`.")

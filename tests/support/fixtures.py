from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.system import System, running_system


@pytest.fixture
def make_system(amqp_url: str, tmp_path: Path) -> Iterator[Callable[..., System]]:
    """Return what starts a component on a database, with settings of its own."""
    with ExitStack() as stack:
        yield lambda database_url, **settings: stack.enter_context(
            running_system(amqp_url, database_url, tmp_path, **settings)
        )


@pytest.fixture
def system(make_system: Callable[..., System], migrated_postgresql_url: str) -> System:
    """Return a component on PostgreSQL."""
    return make_system(migrated_postgresql_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def either_system(request: pytest.FixtureRequest, make_system: Callable[..., System]) -> System:
    """Return a component on each kind of database in turn."""
    return make_system(request.getfixturevalue(f"migrated_{request.param}_url"))

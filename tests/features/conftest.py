from collections.abc import Iterator

import pytest

from tests.support.backends import Backend, MemoryBackend, sql_backend


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "memory":
        yield MemoryBackend()
        return
    with sql_backend(request.getfixturevalue(request.param)) as backend:
        yield backend

import pytest

from tests.support.backends import Backend, MemoryBackend, SQLBackend


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "memory":
        return MemoryBackend()
    return SQLBackend(request.getfixturevalue(request.param))

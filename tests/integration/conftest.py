from collections.abc import Iterator

import pytest

from tests.support.fixtures import either_system, make_system, system
from tests.support.secured import PASSWORD, Servers
from tools.servers import install_programs, server_folder

__all__ = ["either_system", "make_system", "system"]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    install_programs()
    with server_folder("tls") as folder:
        both = Servers(folder)
        try:
            both.broker.start()
            both.database.start()
            both.run_sql(f"CREATE ROLE somebody LOGIN PASSWORD '{PASSWORD}'")
            yield both
        finally:
            both.broker.stop()
            both.database.stop()

"""What `make check` leaves out says so."""

import pytest

from tools.processes import ServerProcess


def test_no_server_is_started_without_the_mark():
    with pytest.raises(AssertionError, match="has the mark `server`"):
        ServerProcess(["true"], None, {})

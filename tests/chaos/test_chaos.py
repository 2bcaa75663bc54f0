"""The short version of `make chaos`: every fault once, on private servers, under load."""

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.run import run


@pytest.mark.timeout(900)
def test_every_fault_costs_time_only() -> None:
    outcome = run(minutes=0, say=print)
    assert outcome.report.problems == []
    assert set(outcome.injected) == {fault.__name__ for fault in FAULTS}
    assert outcome.restarted == 0, "a process of ours ended without being killed"
    assert outcome.commands > 1000

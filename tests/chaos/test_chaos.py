"""The short version of `make chaos`: every fault once, on private servers, under load."""

import pytest

from tests.chaos.run import Plan, run

# Nobody needs to say a word of the first two; of the third, only who had not yet said "away".
QUIET = {"slow both servers down", "block publishers", "lose the answers to commits"}


@pytest.mark.server
@pytest.mark.timeout(900)
def test_every_fault_costs_time_only() -> None:
    outcome = run(Plan.of(0), say=print)
    assert outcome.report.problems == []
    assert outcome.restarted == 0, "a process of ours ended without being killed"
    assert outcome.commands > 1000
    for name, times in outcome.injected.items():
        assert outcome.noticed[name] == times or name in QUIET, f"nobody noticed: {name}"

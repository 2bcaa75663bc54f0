"""When old commands are forgotten, and when that waits."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from persistence.relay_session import PURGE_BITE, Doubt
from worker.relay import forgetting
from worker.relay.forgetting import INTERVAL, REFLECTION, Forgetting

PASSING = Doubt("most is old", passes=True)
LASTING = Doubt("two clocks", passes=False)


class Session:
    """A relay's session that doubts, or not."""

    def __init__(self, doubt: Doubt | None = None, purges: int = 3) -> None:
        self.doubt = doubt
        self.purges = purges
        self.purged = 0

    def why_not_purge(self, days: float) -> Doubt | None:
        return self.doubt

    def purge_inbox(self, days: float) -> int:
        self.purged += self.purges
        return self.purges


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    passed = [0.0]
    monkeypatch.setattr(forgetting, "monotonic", lambda: passed[0])

    def later(seconds: float) -> None:
        passed[0] += seconds

    return later


@pytest.mark.parametrize(("purges", "wait"), [(PURGE_BITE, 0), (PURGE_BITE - 1, INTERVAL)])
def test_after_a_full_bite_the_next_one_follows_at_once(purges, wait):
    assert Forgetting(30).bite(Session(purges=purges)) == wait


@pytest.mark.parametrize("doubt", [PASSING, LASTING])
def test_in_doubt_nothing_is_forgotten_and_it_is_said_once(later, doubt):
    session, forgets = Session(doubt), Forgetting(30)
    with capture_logs() as logs:
        for _ in range(59):
            assert forgets.bite(session) == INTERVAL
            later(INTERVAL)
    assert session.purged == 0
    assert [(log["log_level"], log["reason"]) for log in logs] == [("error", doubt.reason)]


def test_a_doubt_that_passes_is_over_after_an_hour_until_all_is_forgotten(later):
    session, forgets = Session(PASSING, purges=PURGE_BITE), Forgetting(30)
    forgets.bite(session)
    later(REFLECTION + 1)
    with capture_logs() as logs:
        assert [forgets.bite(session), forgets.bite(session)] == [0, 0]
    assert (session.purged, logs) == (2 * PURGE_BITE, [])


def test_a_doubt_that_lasts_is_said_once_an_hour(later):
    session, forgets = Session(LASTING), Forgetting(30)
    with capture_logs() as logs:
        for _ in range(3):
            forgets.bite(session)
            later(REFLECTION + 1)
    assert (session.purged, len(logs)) == (0, 3)


def test_a_doubt_that_has_gone_is_a_new_one_when_it_comes_again(later):
    session, forgets = Session(PASSING), Forgetting(30)
    forgets.bite(session)
    session.doubt = None
    forgets.bite(session)
    later(REFLECTION + 1)
    session.doubt, purged = PASSING, session.purged
    forgets.bite(session)
    assert session.purged == purged

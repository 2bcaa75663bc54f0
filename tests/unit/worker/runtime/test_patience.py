import pytest
from structlog.testing import capture_logs

from worker.runtime.patience import Patience


class Away(Exception):
    pass


class GivenUp(Exception):
    pass


class Work:
    """Fails so many times, then returns 42."""

    def __init__(self, failures: int, error: type[Exception] = Away) -> None:
        self.failures = failures
        self.calls = 0
        self._error = error

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self._error("out for lunch")
        return 42


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def patience(pauses: list[float]) -> Patience:
    return Patience("the database", Away, pauses.append)


def test_work_that_succeeds_is_done_once(patience, pauses):
    work = Work(0)
    assert (patience(work), work.calls, pauses) == (42, 1, [])


def test_work_is_repeated_until_it_succeeds(patience):
    work = Work(3)
    assert (patience(work), work.calls) == (42, 4)


def test_there_is_no_limit_to_it(patience):
    assert patience(Work(500)) == 42


def test_the_first_pause_is_short(patience, pauses):
    patience(Work(1))
    assert 0 < pauses[0] <= 0.3


def test_pauses_grow_to_seconds_and_no_further(patience, pauses):
    patience(Work(100))
    assert 4 <= max(pauses) <= 5.2
    assert min(pauses[-50:]) >= 4


def test_two_who_wait_do_not_come_back_in_step(patience, pauses):
    patience(Work(3))
    patience(Work(3))
    assert pauses[:3] != pauses[3:]


def test_another_outage_begins_with_short_pauses_again(patience, pauses):
    patience(Work(20))
    pauses.clear()
    patience(Work(1))
    assert pauses[0] <= 0.3


def test_another_error_is_not_waited_for(patience, pauses):
    with pytest.raises(ValueError, match="out for lunch"):
        patience(Work(1, ValueError))
    assert pauses == []


def test_whoever_sleeps_may_give_up():
    def give_up(seconds: float) -> None:
        raise GivenUp

    with pytest.raises(GivenUp):
        Patience("the database", Away, give_up)(Work(1))


def test_an_outage_is_told_once_at_its_beginning_and_once_at_its_end(patience):
    with capture_logs() as logs:
        patience(Work(10))
    assert [(log["log_level"], log["event"]) for log in logs] == [
        ("warning", "the database is away"),
        ("info", "the database is back"),
    ]


def test_the_log_says_why_it_is_away(patience):
    with capture_logs() as logs:
        patience(Work(1))
    assert logs[0]["error"] == "out for lunch"


def test_success_alone_is_not_worth_a_line(patience):
    with capture_logs() as logs:
        patience(Work(0))
    assert logs == []


def test_it_is_away_while_work_fails():
    seen = []
    patience = Patience("the database", Away, lambda seconds: seen.append(patience.seconds > 0))
    patience(Work(2))
    assert (seen, patience.seconds > 0) == ([True, True], False)


def test_a_loss_noted_from_outside_is_told_once(patience):
    with capture_logs() as logs:
        patience.lost(Away("gone"))
        patience.lost(Away("gone"))
    assert (len(logs), patience.seconds > 0) == (1, True)


def test_the_end_of_a_loss_noted_from_outside_is_told_at_the_next_success(patience):
    patience.lost(Away("gone"))
    with capture_logs() as logs:
        patience(Work(0))
    assert [log["event"] for log in logs] == ["the database is back"]


def test_one_patience_may_be_tried_within_another(pauses):
    outer = Patience("the broker", GivenUp, pauses.append)
    inner = Patience("the database", Away, pauses.append)
    first, second = Work(2, GivenUp), Work(2)
    assert outer(lambda: first() and inner(second)) == 42

"""What the doctor says of settings alone."""

import pytest

from schemas.exceptions import CatalogueError
from tests.support.component import settings
from worker.doctor import settings as subject
from worker.doctor.durations import length
from worker.doctor.finding import OK, WARNING, WRONG


def states(**changes: object) -> list[str]:
    return [finding.state for finding in subject.examine(settings(**changes))]


def test_settings_that_fit_are_well():
    assert states() == [OK]


def test_a_prefetch_below_a_batch_is_told():
    assert states(prefetch_count=10, batch_size=20) == [OK, WARNING]


def test_aggregates_that_do_not_fit_are_told(monkeypatch):
    def compose(_: object) -> None:
        raise CatalogueError("two aggregates are named entity")

    monkeypatch.setattr(subject, "compose", compose)
    (finding,) = subject.examine(settings())
    assert finding.state == WRONG
    assert "two aggregates are named entity" in finding.sentence


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (90, "90 s"),
        (150, "2 min"),
        (7200, "2 h"),
        (90_000, "25 h"),
        (864_000, "10 days"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(seconds, words):
    assert length(seconds) == words

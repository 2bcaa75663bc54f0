"""The order in which letters are sent, and which of them go side by side."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.dead import line
from worker.dead.line import Line


def batches(owners: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """Return the batches; the nth letter belongs to the nth owner."""
    waiting = Line(range(len(owners)), lambda ids: {i: ("owner", owners[i]) for i in ids})
    taken = []
    for size in sizes:
        taken.append(waiting.take(size))
    return taken


def test_letters_of_different_aggregates_go_side_by_side_in_their_order():
    assert batches([1, 2, 3, 4, 5], [1, 3, 3, 3]) == [[0], [1, 2, 3], [4], []]


def test_letters_of_one_aggregate_wait_for_each_other():
    assert batches([1, 1, 2, 1], [3, 3, 3, 3]) == [[0, 2], [1], [3], []]


@given(st.lists(st.integers(1, 4), max_size=30), st.lists(st.integers(1, 6), min_size=30))
def test_each_goes_once_and_none_before_an_earlier_one_of_its_aggregate(owners, sizes):
    every = batches(owners, sizes)
    sent = [letter_id for batch in every for letter_id in batch]
    assert sorted(sent) == list(range(len(owners)))
    for batch, size in zip(every, sizes, strict=False):
        assert len(batch) <= size
        assert len({owners[letter_id] for letter_id in batch}) == len(batch)
    for owner in set(owners):
        mine = [letter_id for letter_id in sent if owners[letter_id] == owner]
        assert mine == sorted(mine)


def test_no_more_than_so_many_are_looked_at_for_one_batch(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "LOOK_AHEAD", 5)
    asked: list[int] = []

    def owners(ids: Sequence[int]) -> dict[int, str]:
        asked.extend(ids)
        return dict.fromkeys(ids, "the same")

    waiting = Line(range(100), owners)
    assert waiting.take(2) == [0]
    assert len(asked) < 10

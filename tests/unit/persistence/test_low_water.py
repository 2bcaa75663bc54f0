"""When the mark may rise, with a table and writers that the test makes up."""

from typing import NamedTuple

import pytest

from persistence import low_water
from persistence.low_water import WORTH, LowWater


class Row(NamedTuple):
    id: int


class World:
    """Rows that wait, transactions that write, and from where on each look was."""

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.writers: set[str] = set()
        self.looked_from: list[int] = []
        self.mark = LowWater(lambda: set(self.writers))
        self.look()  # at everything

    def look(self) -> list[int]:
        def read(mark: int) -> list[Row]:
            self.looked_from.append(mark)
            return [Row(id) for id in sorted(self.waiting) if id > mark]

        return [row.id for row in self.mark.look(read)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(low_water, "FULL_INTERVAL", 1e9)
    return World()


def test_where_nobody_writes_the_mark_rises_to_what_was_found(world):
    world.waiting = [3 * WORTH]
    assert [world.look() for _ in range(3)] == [[3 * WORTH]] * 3
    assert world.looked_from[-1] == 3 * WORTH - 1


def test_the_mark_waits_for_who_was_writing(world):
    world.waiting, world.writers = [3 * WORTH], {"1/1"}
    for _ in range(5):
        world.look()
    assert world.mark.value == 0


def test_the_mark_does_not_wait_for_who_began_to_write_later(world):
    world.waiting, world.writers = [3 * WORTH], {"1/1"}
    world.look()
    world.writers = {"2/7"}
    world.look()
    world.look()
    assert world.mark.value == 3 * WORTH - 1


def test_what_the_last_writer_left_below_is_found_and_keeps_the_mark_down(world):
    world.waiting, world.writers = [3 * WORTH], {"1/1"}
    world.look()
    world.writers, world.waiting = set(), [7, 3 * WORTH]
    assert world.look() == [7, 3 * WORTH]
    world.look()
    assert world.mark.value == 6


def test_what_the_last_writer_left_between_two_looks_is_found(world):
    world.waiting, world.writers = [3 * WORTH], {"1/1"}
    world.look()
    world.look()
    world.writers = set()
    world.look()  # the writer has gone; its row may be committed after this look has read
    world.waiting = [7, 3 * WORTH]
    assert world.look() == [7, 3 * WORTH]


def test_a_few_ids_are_not_worth_a_mark(world):
    world.waiting = [WORTH // 2]
    for _ in range(5):
        world.look()
    assert world.looked_from == [0] * 6


def test_the_mark_rises_also_when_nothing_waits_any_more(world):
    world.waiting = [3 * WORTH]
    world.look()
    world.waiting = []
    world.look()
    assert world.mark.value == 3 * WORTH - 1


def test_ids_against_all_order_are_found_by_a_look_at_everything(world):
    world.waiting = [3 * WORTH]
    world.look()
    world.look()
    world.waiting = [7]
    assert world.look() == []
    world.mark._full_at = 0.0
    assert [world.look(), world.look()] == [[7], [7]]


def test_looks_at_everything_are_rarer_the_longer_they_take(world, monkeypatch):
    times = iter([0.0, 2.0])
    monkeypatch.setattr(low_water, "FULL_INTERVAL", 5.0)
    monkeypatch.setattr(low_water, "monotonic", lambda: next(times))
    world.mark._full_at = 0.0
    world.look()
    assert world.mark._full_at == 2.0 + 20 * 2.0

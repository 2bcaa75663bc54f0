import pytest

from worker.consumer.pace import FIRST, Pace


@pytest.fixture
def pace() -> Pace:
    """At most 1000 commands, and 2 seconds."""
    return Pace(1000, 2)


def test_it_begins_with_few(pace):
    assert pace.size == FIRST


def test_it_never_begins_with_more_than_are_allowed():
    assert Pace(5, 2).size == 5


def test_full_batches_that_are_fast_grow_to_the_double_each_and_not_beyond_the_most(pace):
    sizes = []
    for _ in range(3):
        pace.took(pace.size, 0.1)
        sizes.append(pace.size)
    assert sizes == [2 * FIRST, 1000, 1000]


def test_a_batch_that_few_commands_made_small_says_nothing_of_large_ones(pace):
    pace.took(1, 0.1)
    assert pace.size == FIRST


@pytest.mark.parametrize("each", [0.005, 0.05, 0.5])
def test_slow_commands_make_batches_that_take_the_time_there_is(pace, each):
    for _ in range(10):
        pace.took(pace.size, pace.size * each)
    assert pace.size == 2 / each


def test_a_command_that_alone_takes_longer_goes_alone(pace):
    pace.took(10, 100)
    assert pace.size == 1


@pytest.mark.parametrize(("commands", "seconds", "size"), [(1000, 10, 200), (9, 1, 4), (1, 9, 1)])
def test_a_batch_too_slow_for_a_deadline_becomes_much_smaller(pace, commands, seconds, size):
    pace.too_slow(commands, seconds)
    assert pace.size == size


def test_halves_are_never_empty(pace):
    pace.halve(9)
    assert pace.size == 4
    pace.halve(1)
    assert pace.size == 1

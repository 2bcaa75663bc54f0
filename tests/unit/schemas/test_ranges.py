"""The regular expression of a decimal's limits says what the limits say."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.fields.ranges import pattern_between


def matches(text: str, low: Decimal, high: Decimal, places: int) -> bool:
    return re.search(pattern_between(low, high, places), text) is not None


@st.composite
def limits_and_number(draw):
    """Give limits, and a number of as many places that is likely to be near one of them."""
    places = draw(st.integers(0, 4))
    ends = st.integers(-(10**6), 10**6) | st.sampled_from([0, 1, -1, 9, 10, 99, 100, -100, 999])
    low, high = sorted((draw(ends), draw(ends)))
    near = draw(st.sampled_from([low, high, 0])) + draw(st.integers(-11, 11))
    number = draw(st.just(near) | ends)
    return *(Decimal(n).scaleb(-places) for n in (low, high, number)), places


@settings(max_examples=200)
@given(limits_and_number())
def test_it_matches_the_numbers_between_the_limits_and_no_other(case):
    low, high, number, places = case
    assert matches(f"{number:f}", low, high, places) == (low <= number <= high)


@settings(max_examples=200)
@given(limits_and_number())
def test_zeros_behind_the_point_may_be_left_out(case):
    low, high, number, places = case
    text = f"{number:f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    assert matches(short, low, high, places) == (low <= number <= high)


@pytest.mark.parametrize("text", ["", ".5", "1.", "01", "1.234", "+1", "1e1", " 1", "1 ", "--1"])
def test_no_other_way_to_write_a_number_matches(text):
    assert not matches(text, Decimal("-99.99"), Decimal("99.99"), 2)
    assert not matches(text, Decimal("-5"), Decimal("99.99"), 2)


def test_minus_zero_is_zero():
    assert matches("-0.0", Decimal(0), Decimal(5), 2)
    assert not matches("-0", Decimal(1), Decimal(5), 2)


def test_every_dialect_of_regular_expressions_knows_what_it_uses():
    pattern = pattern_between(Decimal("-20.5"), Decimal("1234.56"), 2)
    assert "(?" not in pattern
    assert "\\d" not in pattern  # which matches digits of every script in some

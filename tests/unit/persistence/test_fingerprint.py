"""Letters of one cause have one fingerprint, those of two causes have two."""

import sys
import traceback
from collections.abc import Callable
from uuid import UUID

import pytest

from persistence.dead_letters.fingerprint import LENGTH, fingerprint, normal


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (
            f"There is no entity {UUID(int=7)}.",
            f"There is no entity {str(UUID(int=2**127)).upper()}.",
        ),
        ("line 1 column 2 (char 3)", "line 10 column 20 (char 30)"),
        ("1,000.50 is more than 7", "2.5 is more than 1,000"),
        ("balance -7 is below 0", "balance 12.5 is below 0"),
        ("no float: 1e-05", "no float: -2.5E+300"),
        ("since 2026-11-25T21:17:25Z", "since 2025-01-01T00:00:00.5+01:00"),
        ("no such lines: 1, 2", "no such lines: 3, 4, 5"),
        ("no such owners: ['ann']", "no such owners: ['bo', 'cy']"),
        ("There is no 'shop'.", "There is no 'office'."),
        ('There is no "shop".', 'There is no "what\'s it".'),
        ("<Lock at 0x7f3a12>", "<Lock at 0xffff00>"),
        ("commit 3ff0982aa", "commit 78250fc1b"),
        ("since 2026-11-25T21:17:25.123+00:00", "since 2025-01-01T00:00:00.000+00:00"),
    ],
)
def test_ids_numbers_and_quoted_parts_make_no_difference(one, another):
    assert normal(one) == normal(another) != one
    assert fingerprint("failed", "t", one, None) == fingerprint("failed", "t", another, None)


@pytest.mark.parametrize(
    "reason",
    ["It doesn't work, and can't.", "deadbeef is no food", "lines.price: Not a number."],
)
def test_words_are_left_as_they_are(reason):
    assert normal(reason) == reason


def test_kind_type_and_words_of_the_reason_make_a_difference():
    every = {
        fingerprint(kind, type, reason, None)
        for kind in ("failed", "crash")
        for type in ("a", "b", None)
        for reason in ("It failed.", "It died.")
    }
    assert len(every) == 12
    assert {len(one) for one in every} == {LENGTH}


def caught(work: Callable[[], object]) -> str:
    try:
        work()
    except Exception as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError("nothing was raised")


def here() -> None:
    raise ValueError("Wrong.")


def there() -> None:
    raise ValueError("Wrong.")


def other_class() -> None:
    raise KeyError("Wrong.")


def of(trace: str) -> str:
    return fingerprint("failed", "t", "Wrong.", trace)


def test_the_place_and_the_class_make_a_difference():
    assert len({of(caught(work)) for work in (here, there, other_class)}) == 3


def test_the_line_and_the_folder_make_none():
    trace = caught(here)
    moved = trace.replace("line ", "line 1").replace(__file__, f"/app{__file__}")
    assert moved != trace
    assert of(moved) == of(trace)


def test_frames_of_libraries_make_none():
    trace = caught(here)
    frame = '  File "{}/json/decoder.py", line 3, in decode\n    x\n'
    inside = "ValueError: Wrong."
    for folder in ("/x/.venv/lib/python3.11/site-packages", f"{sys.prefix}/lib/python3.11"):
        assert of(trace.replace(inside, frame.format(folder) + inside)) == of(trace)
    assert of(trace.replace(inside, frame.format("/app/domain") + inside)) != of(trace)


def test_of_several_exceptions_the_last_counts():
    def again() -> None:
        try:
            there()
        except ValueError as error:
            raise KeyError("Wrong.") from error

    assert of(caught(again)) != of(caught(there))


@pytest.mark.parametrize("hostile", ["'" * 50_000, '"x' * 50_000, "a1" * 50_000, 'File "' * 20_000])
def test_a_hostile_text_costs_no_time(hostile):
    assert len(fingerprint("failed", hostile, hostile, hostile)) == LENGTH

"""Letters as lines of JSON, exact to the byte."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.dead_letters import DeadLetterView
from worker.dead.lines import from_line, to_line
from worker.exceptions import NotALetter

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LETTERS = st.builds(
    DeadLetterView,
    id=st.integers(1, 10**9),
    kind=TEXT,
    reason=TEXT,
    command_id=st.none() | st.uuids(),
    type=st.none() | TEXT,
    errors=st.dictionaries(TEXT, st.lists(TEXT)),
    traceback=st.none() | TEXT,
    attempts=st.lists(TEXT),
    body=st.binary(max_size=50) | TEXT.map(str.encode),
    body_bytes=st.integers(0, 10**6),
    properties=st.dictionaries(TEXT, TEXT),
    died_at=st.datetimes(timezones=st.just(UTC)),
)


@given(LETTERS)
def test_a_letter_comes_back_as_it_was(letter):
    line = to_line(letter)
    assert from_line(line) == letter
    assert len(line.splitlines()) == 1


LETTER = DeadLetterView(
    1, "k", "r", UUID(int=7), None, {}, None, [], b"b", 1, {}, datetime(2026, 1, 1, tzinfo=UTC)
)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 7},
        {"attempts": {}},
        {"command_id": "seven"},
        {"died_at": "2026-01-01T00:00:00"},
        {"body_base64": "é"},
        {"body": 7},
        {"id": "1"},
    ],
)
def test_what_is_no_letter_is_refused(change):
    with pytest.raises(NotALetter):
        from_line(json.dumps({**json.loads(to_line(LETTER)), **change}))


@pytest.mark.parametrize("line", ["", "{", "[]", "7", "{}", "[" * 100_000])
def test_a_line_that_is_no_letter_at_all_is_refused(line):
    with pytest.raises(NotALetter):
        from_line(line)

"""Lines of an input that may be slow."""

import os
from collections.abc import Iterator

import pytest

from worker.cli import lines
from worker.cli.lines import lines_of


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def never() -> None:
    raise AssertionError("there is something to read")


@pytest.mark.parametrize("chunk", [1, 3, 65536])
def test_lines_are_numbered_and_empty_ones_left_out(pipe, monkeypatch, chunk):
    monkeypatch.setattr(lines, "CHUNK", chunk)
    os.write(pipe[1], b"one\n\n \ntwo\r\nthree")
    os.close(pipe[1])
    assert list(lines_of(pipe[0], never)) == [(1, b"one"), (4, b"two\r"), (5, b"three")]


def test_an_empty_input_has_no_lines(pipe):
    os.close(pipe[1])
    assert list(lines_of(pipe[0], never)) == []


def test_while_nothing_comes_something_else_can_be_done(pipe):
    reading, writing = pipe
    called = 0

    def come_at_last() -> None:
        nonlocal called
        called += 1
        if called == 3:
            os.write(writing, b"late\n")
            os.close(writing)

    assert list(lines_of(reading, come_at_last)) == [(1, b"late")]
    assert called == 3


def test_a_line_is_given_before_the_next_has_come(pipe):
    os.write(pipe[1], b"one\ntw")
    coming = lines_of(pipe[0], never)
    assert next(coming) == (1, b"one")
    os.close(pipe[1])
    assert list(coming) == [(2, b"tw")]

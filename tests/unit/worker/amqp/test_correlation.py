"""Which headers of a command go on to what comes of it."""

import pytest

from worker.amqp.correlation import MOST, carried, header_names


def test_text_and_integers_are_carried():
    headers = {"user-id": "u-1", "session-id": 7, "other": "x"}
    assert carried(headers, ["user-id", "session-id"]) == {"user-id": "u-1", "session-id": 7}


@pytest.mark.parametrize("value", [True, None, 1.5, b"\xff", ["u"], {"u": 1}])
def test_other_values_are_not(value):
    assert carried({"user-id": value}, ["user-id"]) == {}


def test_what_a_database_cannot_hold_is_carried_as_text_that_it_can():
    headers = {"user-id": "a\0b", "session-id": 2**64}
    assert carried(headers, ["user-id", "session-id"]) == {
        "user-id": "a\\x00b",
        "session-id": str(2**64),
    }


def test_names_are_parted_by_commas():
    assert header_names(" user-id , session_id,user-id") == ("user-id", "session_id")


def test_no_name_is_a_choice():
    assert header_names("") == ()


@pytest.mark.parametrize("text", ["a,,b", "two words", "ž", "a" * 129, ",", "-a"])
def test_what_is_no_name_of_a_header_is_refused(text):
    with pytest.raises(ValueError, match="Must be names of headers"):
        header_names(text)


@pytest.mark.parametrize(
    "name",
    ["x-death", "retry-attempt", "aggregate-version", "causation-id", "traceparent", "CC", "self"],
)
def test_a_header_that_means_something_else_is_refused(name):
    with pytest.raises(ValueError, match="a meaning of its own"):
        header_names(f"user-id,{name}")


def test_there_are_not_more_than_fit_into_every_event():
    with pytest.raises(ValueError, match="at most"):
        header_names(",".join(f"h{i}" for i in range(MOST + 1)))

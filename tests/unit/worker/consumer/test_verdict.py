"""What an error of the database means for the batch: the whole table."""

import pytest

from persistence.exceptions import (
    Collision,
    Conflict,
    Doubtful,
    Locked,
    PersistenceError,
    Refused,
    Silent,
    StorageUnavailable,
    TooSlow,
)
from worker.consumer.verdict import Verdict, judge

AGAIN, SMALLER, HOLD, COUNT, OUTAGE = Verdict
EVERY = [
    # error, what it means for several commands, for one alone
    (Collision("c"), SMALLER, COUNT),
    (Conflict("c"), SMALLER, HOLD),
    (Locked("l"), SMALLER, HOLD),
    (Doubtful("d"), SMALLER, HOLD),
    (Refused("r"), SMALLER, COUNT),
    (TooSlow("t"), SMALLER, COUNT),
    (Silent("s"), SMALLER, OUTAGE),
    (StorageUnavailable("away"), OUTAGE, OUTAGE),
]


def name(error: object) -> str:
    return type(error).__name__ if isinstance(error, Exception) else str(error)


@pytest.mark.parametrize(("error", "several", "one"), EVERY, ids=name)
def test_each_error_has_its_verdict_for_several_commands_and_for_one(error, several, one):
    assert judge(error, alone=False, early=False, again=True) is several
    assert judge(error, alone=True, early=False, again=True) is one


@pytest.mark.parametrize("error", [error for error, _, _ in EVERY], ids=name)
@pytest.mark.parametrize("alone", [True, False])
def test_what_another_transaction_has_done_is_tried_once_more_as_it_is(error, alone):
    """But not where a lock was waited for: that took long, and is held still."""
    first = judge(error, alone=alone, early=False, again=False)
    of_another = isinstance(error, Collision | Conflict) and not isinstance(error, Locked)
    assert (first is AGAIN) == of_another


def test_a_statement_that_somebody_else_has_ended_waits_if_it_is_one_command():
    error: PersistenceError = TooSlow("cancelled")
    assert judge(error, alone=True, early=True, again=True) is HOLD
    assert judge(error, alone=False, early=True, again=True) is SMALLER

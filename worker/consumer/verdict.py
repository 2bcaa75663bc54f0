"""What an error of the database means for the batch that met it."""

from enum import Enum, auto

from persistence.exceptions import (
    Collision,
    Conflict,
    Doubtful,
    Locked,
    PersistenceError,
    Refused,
    Silent,
    TooSlow,
)

# Another transaction was in the way and has ended: to read again shows what it wrote.
_OF_ANOTHER = (Collision, Conflict)
# What may be the fault of one command, and what of a batch: found by trying fewer.
_OF_ONE = (Collision, Refused, TooSlow)
_OF_MANY = (*_OF_ONE, Conflict, Doubtful, Silent)
# What one command may wait for alone, while the others go on.
_WAITS = (Conflict, Doubtful)


class Verdict(Enum):
    """What to do with the batch."""

    AGAIN = auto()  # the same once more
    SMALLER = auto()  # fewer at a time, to find out whose fault it is
    HOLD = auto()  # it is one command alone: let it wait, and go on with the others
    COUNT = auto()  # it is one command alone, which the database refuses: a failed attempt
    OUTAGE = auto()  # let all wait


def waits(error: PersistenceError, *, alone: bool, early: bool) -> bool:
    """Tell whether somebody else keeps the batch waiting.

    `early`: before the server's own limit, so that whoever ended the statement was somebody else.
    """
    return isinstance(error, _WAITS) or (alone and early and isinstance(error, TooSlow))


def judge(error: PersistenceError, *, alone: bool, early: bool, again: bool) -> Verdict:
    """Decide; `alone`: the batch is one command. `again`: it has been tried again as it is."""
    if isinstance(error, _OF_ANOTHER) and not (again or isinstance(error, Locked)):
        return Verdict.AGAIN
    if not alone:
        return Verdict.SMALLER if isinstance(error, _OF_MANY) else Verdict.OUTAGE
    if waits(error, alone=alone, early=early):
        return Verdict.HOLD
    return Verdict.COUNT if isinstance(error, _OF_ONE) else Verdict.OUTAGE

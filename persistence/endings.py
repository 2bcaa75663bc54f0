"""How the delivery of a command can end: the words that tables, metrics and logs use."""

from typing import Final, Literal, get_args

# What the inbox may say of a command.
Status = Literal["applied", "rejected", "failed", "retrying"]
# Beside these: `duplicate`, what the inbox knew already; `dead`, a dead letter that names no
# command; `ignored`, an event that somebody's `reply_to` had sent to the command queue.
Ending = Literal[Status, "duplicate", "dead", "ignored"]

APPLIED: Final = "applied"
REJECTED: Final = "rejected"
FAILED: Final = "failed"
RETRYING: Final = "retrying"
DUPLICATE: Final = "duplicate"
DEAD: Final = "dead"
IGNORED: Final = "ignored"

ENDINGS: tuple[Ending, ...] = (*get_args(Status), DUPLICATE, DEAD, IGNORED)

"""Messages that will not be applied, kept with the reason until somebody decides."""

from persistence.dead_letters.purging import PURGE_BITE, purge
from persistence.dead_letters.reading import DeadLetterViews
from persistence.dead_letters.selection import EVERY, Selection
from persistence.dead_letters.table import (
    MAX_BODY_BYTES,
    UNSENDABLE,
    DeadLetterView,
    dead_letters,
)
from persistence.dead_letters.writing import DeadLetters

__all__ = [
    "EVERY",
    "MAX_BODY_BYTES",
    "PURGE_BITE",
    "UNSENDABLE",
    "DeadLetterView",
    "DeadLetterViews",
    "DeadLetters",
    "Selection",
    "dead_letters",
    "purge",
]

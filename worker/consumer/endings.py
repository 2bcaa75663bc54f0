"""How the commands of a batch ended, and what else is counted of them."""

from collections import Counter

from persistence.endings import APPLIED, FAILED, REJECTED, Ending
from worker.amqp.wire import Message

_ENDED = {APPLIED, REJECTED, FAILED}


class Endings(Counter[str]):
    """How many ended in which way.

    `of_types`: the same by type and ending. `published`: when those were published that ended with
    an outcome, in seconds since 1970, where their messages say so.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of_types: Counter[tuple[str | None, str]] = Counter()
        self.published: Counter[int] = Counter()

    def count(self, message: Message, ending: Ending) -> None:
        self[ending] += 1
        self.of_types[message.type, ending] += 1
        if message.timestamp is not None and ending in _ENDED:
            self.published[message.timestamp] += 1

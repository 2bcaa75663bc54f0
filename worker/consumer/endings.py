"""How the commands of a batch ended, and what else is counted of them."""

from collections import Counter

from persistence.endings import APPLIED, FAILED, REJECTED, Ending
from worker.amqp.wire import Message

_ENDED = {APPLIED, REJECTED, FAILED}


class Endings(Counter[str]):
    """How many ended in which way."""

    def __init__(self) -> None:
        super().__init__()
        self._settled: list[tuple[Message, Ending]] = []

    def add(self, message: Message, ending: Ending) -> None:
        self[ending] += 1
        self._settled.append((message, ending))

    def of_types(self) -> Counter[tuple[str | None, str]]:
        """Return the same by type and ending."""
        return Counter([(message.type, ending) for message, ending in self._settled])

    def published(self) -> Counter[int]:
        """Return when those were published that ended with an outcome, in seconds since 1970.

        Messages that do not say so are left out.
        """
        return Counter(
            [
                message.timestamp
                for message, ending in self._settled
                if message.timestamp is not None and ending in _ENDED
            ]
        )

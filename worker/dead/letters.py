"""What today's decoder makes of a dead letter, and which aggregate its command is for."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from persistence.dead_letters import DeadLetterView, DeadLetterViews
from persistence.messages import StoredCommand
from schemas.exceptions import Undecodable
from worker.amqp.wire import properties_of_command, received
from worker.component import Component
from worker.consumer.reading import Reader, Received
from worker.exceptions import NotReplayable
from worker.relay.unsendable import SENT_AS
from worker.senders import NOT_ALLOWED, why_not_allowed

BITE = 200  # letters read at a time


@dataclass
class Preview:
    """What a replay would send, and why it would leave the others."""

    readable: int = 0
    left: dict[int, str] = field(default_factory=dict)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Return why and how many, the most first."""
        return Counter(self.left.values()).most_common()


class LetterReader:
    """Reads dead letters as the consumers would, who may read more than a release before could."""

    def __init__(self, component: Component) -> None:
        self._component = component
        self._reader = Reader(component.codec, component.settings.max_message_bytes)

    def read(self, letter: DeadLetterView) -> Received | None:
        """Return what the letter holds; None for an event or a reply, which needs no reading.

        Raises `NotReplayable` where it holds no command.
        """
        if not letter.is_whole:
            raise NotReplayable(
                "Only the beginning of its body was kept; its sender must send it again."
            )
        if SENT_AS in letter.properties:
            return None
        properties = properties_of_command(StoredCommand(letter.body, letter.properties))
        result = self._reader.read(received(properties, letter.body))
        self._require_allowed(letter)
        if result.is_event:  # which a release before took for a command
            raise NotReplayable("It is an event of some component, and no command.")
        if isinstance(result.fault, Undecodable):
            reason = f"It still cannot be read ({result.fault.kind}): {result.fault.reason}"
            raise NotReplayable(reason)
        return result

    def _require_allowed(self, letter: DeadLetterView) -> None:
        """Refuse what its sender may not send today either: only a first delivery is asked."""
        user, senders = letter.properties.get("user_id"), self._component.settings.allowed_senders
        reason = why_not_allowed(senders, letter.type or "", user)
        if letter.kind == NOT_ALLOWED and reason:
            raise NotReplayable(f"{reason} Let ALLOWED_SENDERS name its sender first.")

    def owner(self, letter: DeadLetterView) -> Hashable:
        """Return whose letter it is: those of one aggregate shall keep their order."""
        try:
            read = self.read(letter)
        except NotReplayable:
            return letter.id
        if read is None:
            return letter.properties.get("aggregate_id") or letter.id
        if read.command is None:
            return letter.id
        owner = self._component.owners[type(read.command)]
        return owner.name, self._component.aggregate_id(read.command)


def preview(component: Component, views: DeadLetterViews, ids: Sequence[int]) -> Preview:
    """Read letters as a replay would, and change nothing."""
    reader, result = LetterReader(component), Preview()
    for start in range(0, len(ids), BITE):
        some = ids[start : start + BITE]
        result.left |= dict.fromkeys(some, "There is no such dead letter.")
        for letter in views.these(some):
            try:
                reader.read(letter)
            except NotReplayable as error:
                result.left[letter.id] = str(error)
            else:
                result.readable += 1
                del result.left[letter.id]
    return result

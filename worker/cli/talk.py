"""What becomes of commands that somebody sends, and how that is told."""

import json
from collections import Counter

import click
from rich.console import Console
from rich.text import Text

from schemas.exceptions import Undecodable
from worker.amqp.wire import Message
from worker.cli.watching import content_of, show_event
from worker.exceptions import BrokerUnavailable
from worker.runtime.showing import harmless, json_text
from worker.sender import Draft, is_refusal

FULL = "the broker refused it; the queue may be full"

errors = Console(stderr=True)


class Talk:
    """Tells of each command once it is known what became of it: that it was sent, or its outcome.

    Of many, each a line of the input, only what went wrong is told, by the number of the line, and
    how many there were of which kind; as JSON every one.
    """

    def __init__(self, *, many: bool, wait: bool, as_json: bool) -> None:
        self._many = many
        self._wait = wait
        self._as_json = as_json
        self._open: dict[str, tuple[Draft, int]] = {}
        self._counts: Counter[str] = Counter()
        self.went_wrong = 0

    @property
    def open(self) -> int:
        """Return of how many nothing is known yet."""
        return len(self._open)

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self._counts.items()) or "0 sent"

    def begin(self, command: Draft, line: int = 1) -> None:
        self._open[command.command_id] = command, line

    def wrong(self, line: int, error: Undecodable) -> None:
        """Tell of a line that is no command."""
        self._counts["wrong"] += 1
        self._complain(line, str(error))

    def settled(self, command: Draft, is_taken: bool) -> None:
        """Hear whether the broker has taken a command."""
        self._counts["sent" if is_taken else "refused by the broker"] += 1
        if is_taken and self._wait:
            return
        _, line = self._open.pop(command.command_id, (None, 0))
        if is_taken:
            self._tell(command, line)
        elif self._many:
            self._complain(line, FULL)
        else:
            raise BrokerUnavailable(FULL)

    def answered(self, command_id: str, outcome: Message) -> None:
        """Hear of the outcome of a command; of one that was sent twice, twice."""
        command, line = self._open.pop(command_id, (None, 0))
        if command is None:
            return
        self._counts[outcome.type or "?"] += 1
        if is_refusal(outcome):
            self.went_wrong += 1
        self._tell(command, line, outcome)

    def give_up(self, seconds: float) -> None:
        """Tell that there are commands without an outcome."""
        self.went_wrong += self.open
        self._say(
            f"No outcome within {seconds:g} s, of {self.open}. What was sent is under way all the"
            " same: `python -m worker waiting list` shows what failed and waits."
        )

    def sum_up(self) -> None:
        """Tell how many there were of which kind: where the bar was, not amid the output."""
        self._say(f"{self}.")

    def _tell(self, command: Draft, line: int, outcome: Message | None = None) -> None:
        if self._as_json:
            told = {
                "line": line,
                "type": command.type,
                "command_id": command.command_id,
                "body": command.content,
                "outcome": outcome and content_of(outcome),
            }
            click.echo(json_text(told))
        elif outcome and not self._many:
            show_event(outcome)
        elif not self._many:
            click.echo(json_text(command.content))
        elif outcome and is_refusal(outcome):
            said = json.loads(outcome.body)
            self._say(f"line {line}: {outcome.type} {said['code']}: {said['reason']}")

    def _complain(self, line: int, why: str) -> None:
        self.went_wrong += 1
        self._say(f"line {line}: {why}")

    def _say(self, what: str) -> None:
        errors.print(Text(harmless(what)), soft_wrap=True)

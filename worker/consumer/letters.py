"""Dead letters of commands, and what the world is told of them."""

import sys
import traceback
from collections.abc import Mapping, Sequence

from domain.messages import CommandFailed
from persistence.messages import DeadLetter
from schemas.exceptions import Undecodable
from worker.amqp.wire import printable
from worker.consumer.reading import Received

MAX_TRACEBACK = 8192  # bytes of a traceback that a dead letter keeps


def letter(
    received: Received,
    kind: str,
    reason: str,
    *,
    errors: Mapping[str, list[str]] | None = None,
    attempts: Sequence[str] = (),
    error: Exception | None = None,
) -> DeadLetter:
    return DeadLetter(
        kind=kind,
        reason=reason,
        command=received.message.stored(),
        command_id=received.command_id,
        type=received.message.type,
        errors=dict(errors or {}),
        attempts=list(attempts),
        traceback=traceback_of(error) if error else None,
    )


def letter_of_fault(received: Received, fault: Undecodable) -> DeadLetter:
    """Return the letter of a message in which no command was found."""
    return letter(received, fault.kind, fault.reason, errors=fault.errors, error=fault.bug)


def failure(letter: DeadLetter, received: Received, reason: str | None = None) -> CommandFailed:
    """Return what the world is told; `reason`: where the letter's own is for us alone."""
    return CommandFailed(
        command_id=received.command_id,
        command_type=received.message.type or "",
        code=letter.kind,
        reason=reason or letter.reason,
    )


def traceback_of(error: Exception) -> str:
    """Return the end of the traceback, which names the place."""
    text = printable("".join(traceback.format_exception(error)), max_bytes=sys.maxsize)
    return text.encode()[-MAX_TRACEBACK:].decode(errors="ignore")

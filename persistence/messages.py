"""Messages at rest, in the form in which the worker hands them over and takes them back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self
from uuid import UUID

# When the command of a letter that was replayed had been tried first, and the id of that letter.
ORIGIN_HEADER = "retry-origin"


class OutgoingMessage(NamedTuple):
    """An event or a reply as it will be published; `headers` have scalar values."""

    type: str
    body: str
    message_id: str
    correlation_id: str
    timestamp: int
    headers: dict[str, Any]

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Self:
        """Return it from its fields; what a newer release has stored besides is left out."""
        return cls(**{name: stored[name] for name in cls._fields})


@dataclass(frozen=True, slots=True)
class StoredCommand:
    """A command as it was received, to send it again; `properties` are JSON values."""

    body: bytes
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that will not be applied, and why: `kind` for programs, `reason` for people."""

    kind: str
    reason: str
    command: StoredCommand
    command_id: UUID | None = None
    type: str | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    traceback: str | None = None
    attempts: list[str] = field(default_factory=list)

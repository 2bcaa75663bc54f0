"""The messages that a component exchanges with the world: commands in, events out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID, uuid4

CommandID = NewType("CommandID", UUID)
EventID = NewType("EventID", UUID)


def _now() -> datetime:
    return datetime.now(UTC)


def _command_id() -> CommandID:
    return CommandID(uuid4())


def _event_id() -> EventID:
    return EventID(uuid4())


@dataclass(frozen=True, kw_only=True)
class Command:
    """A wish to change one aggregate. Whoever sends it again keeps its `command_id`."""

    command_id: CommandID = field(default_factory=_command_id)
    timestamp: datetime = field(default_factory=_now)


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact that followed from the command `command_id`. Times are aware and in UTC."""

    command_id: CommandID
    event_id: EventID = field(default_factory=_event_id)
    timestamp: datetime = field(default_factory=_now)


@dataclass(frozen=True, kw_only=True)
class CommandRejected(Event):
    """The domain refused the command: `code` for programs, `reason` for people."""

    command_type: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CommandFailed(Event):
    """The command became a dead letter: `code` is the dead letter's kind.

    The answer to a message in which no `command_id` could be found has none.
    """

    command_id: CommandID | None  # type: ignore[assignment]  # wider than in other events
    command_type: str
    code: str
    reason: str

"""Forgetting old commands in small bites; not at once where a clock may be wrong."""

from time import monotonic

import structlog

from persistence.relay_session import PURGE_BITE, Doubt, RelaySession

log = structlog.get_logger()

INTERVAL = 60.0  # seconds between two looks for commands to forget
REFLECTION = 3600.0  # seconds after which a doubt is told again, or has passed


class Forgetting:
    """Forgets the commands of one component that ended long ago."""

    def __init__(self, days: float) -> None:
        """`days`: how long a command is known."""
        self._days = days
        self._told_at: float | None = None

    def bite(self, session: RelaySession) -> float:
        """Forget some commands, or say why not; return the seconds until the next bite."""
        if self._waits(session.why_not_purge(self._days)):
            return INTERVAL
        return 0 if session.purge_inbox(self._days) == PURGE_BITE else INTERVAL

    def _waits(self, doubt: Doubt | None) -> bool:
        if doubt is None:
            self._told_at = None
            return False
        if self._told_at is not None and monotonic() - self._told_at > REFLECTION and doubt.passes:
            return False
        if self._told_at is None or monotonic() - self._told_at > REFLECTION:
            self._told_at = monotonic()
            log.error("old commands are not forgotten for now", reason=doubt.reason)
        return True

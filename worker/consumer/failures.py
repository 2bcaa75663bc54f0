"""What the log says of commands that failed: once, when that is committed."""

from collections.abc import Sequence
from typing import Any

import structlog

from worker.amqp.correlation import carried
from worker.consumer.reading import Received

log = structlog.get_logger()


class Failures:
    """Gathers over a batch what is worth a line only if the batch is committed."""

    def __init__(self, copied: Sequence[str]) -> None:
        """`copied`: headers of the command that a line about it has, too."""
        self._copied = copied
        self._warnings: list[dict[str, Any]] = []
        self._tracebacks: list[dict[str, Any]] = []

    def add(self, event: str, received: Received, attempt: int, error: str, **more: object) -> None:
        self._warnings.append(
            {
                **carried(received.message.headers, self._copied),
                "event": event,
                "type": received.message.type,
                "command_id": received.command_id,
                "attempt": attempt,
                "error": error,
                **more,
            }
        )

    def add_traceback(self, received: Received, traceback: str) -> None:
        """Add what only somebody who looks for the reason wants to read."""
        more = carried(received.message.headers, self._copied)
        self._tracebacks.append({**more, "command_id": received.command_id, "traceback": traceback})

    def report(self) -> None:
        for traceback in self._tracebacks:
            log.debug("traceback", **traceback)
        for warning in self._warnings:
            log.warning(**warning)

"""What the log says of commands that failed: once, when that is committed."""

from typing import Any

import structlog

from worker.component import Component
from worker.consumer.naming import line_about
from worker.consumer.reading import Received

log = structlog.get_logger()


class Failures:
    """Gathers over a batch what is worth a line only if the batch is committed."""

    def __init__(self, component: Component) -> None:
        self._component = component
        self._warnings: list[dict[str, Any]] = []
        self._tracebacks: list[dict[str, Any]] = []

    def add(self, event: str, received: Received, attempt: int, error: str, **more: object) -> None:
        self._warnings.append(
            line_about(self._component, received, event, attempt=attempt, error=error, **more)
        )

    def add_traceback(self, received: Received, traceback: str) -> None:
        """Add what only somebody who looks for the reason wants to read."""
        self._tracebacks.append(
            line_about(self._component, received, "traceback", traceback=traceback)
        )

    def report(self) -> None:
        for traceback in self._tracebacks:
            log.debug(**traceback)
        for warning in self._warnings:
            log.warning(**warning)

"""Structured logs on standard error: readable on a terminal, JSON elsewhere."""

import logging
import sys
import threading
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from worker.runtime.showing import make_harmless

log = structlog.get_logger()


class _Lines:
    """Writes to what is standard error now. Without a lock: a signal's handler may log, too."""

    def msg(self, message: str) -> None:
        sys.stderr.write(f"{message}\n")

    debug = info = warning = error = critical = exception = msg


class _FromLibraries(logging.Handler):
    """Turns a record of the standard library's logging into a line like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = min(record.levelno // 10 * 10, logging.CRITICAL)  # theirs may be in between
            log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:
            self.handleError(record)


def configure_logs(level: str, format: str, process: str | None = None) -> None:
    """Set up structlog; the libraries' own records below warnings are not worth a line.

    `process`: who speaks, where several write to the same place.
    """
    render: Processor = structlog.processors.JSONRenderer(default=str)
    if format == "console":
        render = _for_people()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _from(process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _whatever_happens(render),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    # pika reports every lost connection with a traceback; we say it in one line of our own.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    sys.excepthook = _on_uncaught
    threading.excepthook = lambda a: _on_uncaught(a.exc_type, a.exc_value, a.exc_traceback)


def _from(process: str | None) -> Processor:
    """Name the process in every line. A context variable would be unknown to other threads."""

    def named(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        if process:
            event["process"] = process
        return event

    return named


def _for_people() -> Processor:
    """Return a renderer that shows a handler's traceback as it would one of ours: in its lines."""
    render = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )

    def rendered(logger: WrappedLogger, name: str, event: EventDict) -> str:
        if traceback := event.pop("traceback", None):
            event["exception"] = traceback
        return render(logger, name, event)

    return rendered


def _on_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    log.error("an error that nobody expected", error=repr(error), exc_info=error)


def _whatever_happens(render: Processor) -> Processor:
    """Return a renderer, of harmless text, that says so when it cannot show a line.

    No line of the log is worth a command.
    """

    def rendered(logger: WrappedLogger, name: str, event: EventDict) -> str:
        try:
            return str(render(logger, name, make_harmless(logger, name, event)))
        except Exception as error:
            return f"a line of the log cannot be shown: {event.get('event')!r} ({error!r})"

    return rendered

"""Structured logs on standard error: readable on a terminal, JSON elsewhere."""

import logging
import re
import sys
import threading
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Control characters, C0 and C1, but for the ends of lines: a terminal would obey them.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

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


def configure_logs(level: str, format: str) -> None:
    """Set up structlog; the libraries' own records below warnings are not worth a line."""
    render: list[Processor] = [structlog.processors.JSONRenderer(default=str)]
    if format == "console":
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        render = [_harmless, console]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *render[:-1],
            _whatever_happens(render[-1]),
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


def _on_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    log.error("an error that nobody expected", error=repr(error), exc_info=error)


def _harmless(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Show control characters instead of sending them to a terminal."""
    return {
        key: _CONTROL.sub(lambda found: repr(found[0])[1:-1], value)
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


def _whatever_happens(render: Processor) -> Processor:
    """Return a renderer that says so when it cannot: a line of the log is worth no command."""

    def rendered(logger: WrappedLogger, name: str, event: EventDict) -> str:
        try:
            return str(render(logger, name, event))
        except Exception as error:
            return f"a line of the log cannot be shown: {event.get('event')!r} ({error!r})"

    return rendered

"""Structured logs on standard error: readable on a terminal, JSON elsewhere."""

import logging
import sys

import structlog

from worker.showing import make_harmless


def configure_logs(level: str, format: str) -> None:
    """Set up structlog; the libraries' own records below errors are not worth a line."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(default=str)
    if format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            make_harmless,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # pika reports every lost connection with a traceback; we say it in one line of our own.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)

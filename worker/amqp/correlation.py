"""Headers of a command that are copied to all that comes of it: who asked, in which session."""

import re
from collections.abc import Sequence
from typing import Any

from worker.amqp.wire import scalar

MOST = 20  # names: they are in every event
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
# Headers with a meaning of their own, and names that no field of a log can have.
_RESERVED = re.compile(
    r"x-.*|retry-.*|aggregate-.*|causation-id|schema-version|type|CC|BCC|traceparent|tracestate"
    r"|self|exc_info|stack_info"
)


def header_names(text: str) -> tuple[str, ...]:
    """Return the names, which commas part; raise `ValueError` with a sentence."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(","))) if text.strip() else ()
    if len(names) > MOST:
        raise ValueError(f"Must be at most {MOST} names.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError("Must be names of headers, separated by commas: user-id,session-id.")
        if _RESERVED.fullmatch(name):
            raise ValueError(f"The header {name} has a meaning of its own and is never copied.")
    return names


def carried(headers: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return those of the headers that came, if they are text or an integer."""
    if not headers:
        return {}
    came = ((name, headers[name]) for name in names if name in headers)
    return {name: scalar(value) for name, value in came if _is_text_or_integer(value)}


def _is_text_or_integer(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)

"""Makes pages of templates; whatever others have typed becomes harmless there."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from worker.runtime.showing import harmless, harmless_lines, json_text, without_secrets

FOLDER = Path(__file__).parent
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(**values)


def shown(value: Any) -> str:
    """Return the value in one line."""
    return "-" if value is None else harmless(without_secrets(str(value)))


def lines(value: Any) -> str:
    return harmless_lines(without_secrets(str(value)))


def pretty(value: Any) -> str:
    """Return JSON in lines; what is no JSON is left as it is."""
    if not isinstance(value, str):
        return json_text(value, indent=2)
    try:
        return json_text(json.loads(value, parse_constant=str), indent=2)
    except (ValueError, RecursionError):
        return harmless_lines(value)


def flat(value: Any) -> str:
    """Return JSON in a line."""
    return json_text(value)


def span(seconds: float | None) -> str:
    """Return a length of time as people say it."""
    if seconds is None:
        return "-"
    for length, unit in _SPANS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def ago(time: datetime) -> str:
    return f"{span(max(0.0, (datetime.now(UTC) - time).total_seconds()))} ago"


def count(number: int, word: str) -> str:
    """Return a number of things, such as `1 dead letter`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(
    shown=shown,
    lines=lines,
    pretty=pretty,
    flat=flat,
    span=span,
    moment=moment,
    ago=ago,
    counted=count,
)

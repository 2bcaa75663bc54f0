"""How others' text is shown to people: it neither steers a terminal nor tells secrets."""

import json
import re
from collections.abc import Callable, MutableMapping
from typing import Any

# What a terminal obeys or what hides or reorders other text: C0, DEL and C1 controls, line and
# paragraph separators, bidirectional and invisible marks, tags, what is no character at all.
_HARMFUL = (
    "\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f"
)
_IN_TEXT = re.compile(f"[\0-\x1f{_HARMFUL}]")
_IN_LINES = re.compile(f"[\0-\x08\x0b-\x1f{_HARMFUL}]")  # but newline and tab
_IN_JSON = re.compile(f"[{_HARMFUL}]")  # which has escaped C0 already, but for its own layout
_OF_LINES = ("exception", "stacks", "traceback")  # what a log tells in several lines
_SECRETS = (  # a password may hold any character, so the last @ of the word ends it
    (re.compile(r"(//[^\s/:@]*):\S*@"), r"\1:***@"),
    (re.compile(r"\b(password|passwd)=('[^']*'|[^\s&]+)", re.IGNORECASE), r"\1=***"),
)


def harmless(text: str) -> str:
    """Return the text in one line, with escapes for whatever is no plain character."""
    return _IN_TEXT.sub(_escape, text)


def harmless_lines(text: str) -> str:
    """Return the text, whose line breaks and tabs are its layout, with escapes for the rest."""
    return _IN_LINES.sub(_escape, text)


def json_text(content: Any, indent: int | None = None) -> str:
    """Return JSON with escapes for whatever is no plain character; what has no JSON is text."""
    text = json.dumps(content, ensure_ascii=False, indent=indent, default=str)
    return _IN_JSON.sub(lambda found: json.dumps(found.group())[1:-1], text)


def without_secrets(text: str) -> str:
    """Return the text with the passwords of URLs and connection strings masked."""
    for pattern, masked in _SECRETS:
        text = pattern.sub(masked, text)
    return text


def make_harmless(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Do so with all that a line of the log says; a step of structlog."""
    for name, value in event.items():
        event[name] = _shown(value, harmless_lines if name in _OF_LINES else harmless)
    return event


def _shown(value: Any, show: Callable[[str], str]) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        return {_shown(k, show): _shown(v, show) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [_shown(item, show) for item in value]
    return show(without_secrets(str(value)))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

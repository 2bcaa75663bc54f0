"""What a message's properties say of its body, as libraries in all languages fill them."""

import re

from schemas.exceptions import Undecodable
from worker.amqp.tolerance import UNREADABLE
from worker.amqp.wire import Message

# Libraries put these on JSON by themselves; whether it is JSON, the body itself tells.
_JSON = re.compile(
    r"(application/json|text/json|[\w.-]+/[\w.+-]+\+json|text/plain|application/octet-stream)",
    re.ASCII | re.IGNORECASE,
)
_PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("[^"]*"|[^;]*)')
_PLAIN = ("identity", "utf8", "usascii", "ascii")
_AS_EVER = (None, "", "application/json")


def refuse_other_formats(message: Message) -> None:
    """Raise `Undecodable` where the properties name something else than plain JSON in UTF-8."""
    if UNREADABLE in message.headers:
        raise Undecodable("malformed", "The headers cannot be decoded.")
    if message.content_encoding and _spelled(message.content_encoding) not in _PLAIN:
        raise Undecodable(
            "malformed",
            f"The content encoding is {message.content_encoding!r}: send the body plain,"
            " in UTF-8, with this property absent or 'utf-8'.",
        )
    if message.content_type not in _AS_EVER:
        _refuse_content_type(message.content_type or "")


def _refuse_content_type(content_type: str) -> None:
    media = content_type.partition(";")[0].strip()
    if not _JSON.fullmatch(media):
        raise Undecodable(
            "malformed",
            f"The content type is {content_type!r}: send JSON, with this property absent or"
            " 'application/json'.",
        )
    for name, value in _PARAMETER.findall(content_type):
        if name.lower() == "charset" and _spelled(value.strip().strip("\"'")) not in _PLAIN[1:]:
            raise Undecodable(
                "malformed", f"The content type is {content_type!r}: send JSON in UTF-8."
            )


def _spelled(name: str) -> str:
    """Return the name as it is whatever its case, its dashes and underscores."""
    return re.sub(r"[\s_-]", "", name).lower()

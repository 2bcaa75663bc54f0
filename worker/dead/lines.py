"""Dead letters as lines of JSON, to carry them to another place or back, exact to the byte."""

import json
from base64 import b64decode, b64encode
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from persistence.dead_letters import DeadLetterView
from worker.exceptions import NotALetter
from worker.runtime.showing import json_text

_KINDS: dict[str, Any] = {
    "id": int,
    "kind": str,
    "reason": str,
    "type": str | None,
    "errors": dict,
    "traceback": str | None,
    "attempts": list,
    "properties": dict,
    "body_bytes": int,
}


def to_line(letter: DeadLetterView) -> str:
    """Return one line; a body that is no text is in base 64."""
    content = {
        **asdict(letter),
        "command_id": letter.command_id and str(letter.command_id),
        "died_at": letter.died_at.isoformat(),
    }
    body = content.pop("body")
    try:
        content["body"] = body.decode()
    except UnicodeDecodeError:
        content["body_base64"] = b64encode(body).decode()
    return json_text(content)


def from_line(line: str) -> DeadLetterView:
    """Return the letter; its id is that of the place where it was. Raises `NotALetter`."""
    try:
        content = json.loads(line)
        body = _body(content)
        values = {name: _of_kind(content, name, kind) for name, kind in _KINDS.items()}
        return DeadLetterView(
            command_id=UUID(content["command_id"]) if content["command_id"] else None,
            died_at=_aware(content["died_at"]),
            body=body,
            **values,
        )
    except KeyError as error:
        raise NotALetter(f"it has no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotALetter(str(error)) from error


def _body(content: dict[str, Any]) -> bytes:
    if "body_base64" in content:
        return b64decode(content["body_base64"], validate=True)
    body: bytes = content["body"].encode()
    return body


def _of_kind(content: dict[str, Any], name: str, kind: Any) -> Any:
    value = content[name]
    if not isinstance(value, kind):
        raise TypeError(f"its {name} is a {type(value).__name__}")
    return value


def _aware(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"its died_at has no time zone: {text}")
    return time

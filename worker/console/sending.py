"""Sending a command, and the page of all messages."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from starlette.responses import Response

from schemas.codec import parse
from worker.amqp.broker import Broker
from worker.catalog.document import document
from worker.catalog.page import page
from worker.catalog.page.snippets import snippets
from worker.component import Component
from worker.console.guard import POLICY
from worker.console.refusals import Refusal
from worker.console.tokens import SEND
from worker.console.visit import Visit
from worker.exceptions import BrokerUnavailable
from worker.sender import Draft, Sender, draft


def form(visit: Visit) -> Response:
    commands = _commands(visit.desk.component)
    type = visit.get("type") or next(iter(commands))
    if type not in commands:
        raise Refusal(404, "There is no command of this type.")
    return _answer(visit, type, error=None)


def send(visit: Visit) -> Response:
    """Send a command, or with `check` only see whether it is one."""
    type = visit.get("type") or ""
    body = dict(visit.fields).get("body", "").encode(errors="surrogatepass")
    command = draft(visit.desk.component.codec, type, parse(body))
    if visit.get("check"):
        return visit.done(f"/send?type={type}", fits=True, command_id=command.command_id)
    visit.record("send", {"type": type, "command_id": command.command_id})
    _publish(visit, command)
    return visit.done(f"/send?type={type}", sent=True, command_id=command.command_id)


def _publish(visit: Visit, command: Draft) -> None:
    settings, taken = visit.desk.settings, []
    with Broker(settings.amqp_url, f"{settings.component_name} send", settings.heartbeat) as broker:
        sender = Sender(broker, settings.command_queue, lambda _, ok: taken.append(ok))
        sender.send(command)
        sender.finish()
    if taken != [True]:
        raise BrokerUnavailable("the broker refused it; the queue may be full")


def _answer(visit: Visit, type: str, error: str | None) -> Response:
    commands = _commands(visit.desk.component)
    said = commands[type]
    queue = visit.desk.settings.command_queue
    properties = said["payload"].get("properties", {})
    found = {
        "types": list(commands),
        "type": type,
        "schema": said["payload"],
        "fields": [{"name": n, "about": f} for n, f in properties.items() if n != "command_id"],
        "required": said["payload"].get("required", []),
        "example": _example(said),
        "programs": [s._asdict() for s in snippets(said, queue) if s.language != "JSON"],
    }
    return visit.answer("send.html", **found, error=error, may={"send": visit.may(SEND)})


def _example(said: dict[str, Any]) -> dict[str, Any]:
    bodies = [example["payload"] for example in said["examples"]] or [{}]
    return {name: value for name, value in bodies[-1].items() if name != "command_id"}


@cache
def _document(component: Component) -> dict[str, Any]:
    return document(component, "")


def _commands(component: Component) -> dict[str, dict[str, Any]]:
    said = _document(component)
    messages = said["components"]["messages"]
    return {
        m["name"]: m
        for key, m in messages.items()
        if key in said["operations"] and m["x-schema-version"] == 1
    }


def catalogue(visit: Visit) -> Response:
    """Return the page of `catalog --html`, whose own script and style alone may run there."""
    html = page(_document(visit.desk.component))
    scripts, styles = (_hashes(html, tag) for tag in ("script", "style"))
    policy = POLICY.replace("script-src 'self'", f"script-src {scripts}")
    policy = policy.replace("style-src 'self'", f"style-src {styles}")
    headers = {"Content-Security-Policy": policy}
    return Response(html, media_type="text/html", headers=headers)


def _hashes(html: str, tag: str) -> str:
    texts = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)

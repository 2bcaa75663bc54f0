"""Sending a command: a form made of its schema, and the same as a program."""

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from schemas.codec import parse
from worker.amqp.broker import Broker
from worker.catalog.page.snippets import snippets
from worker.console.fields import content_of, fields_of
from worker.console.refusals import Refusal
from worker.console.tokens import SEND
from worker.console.visit import Visit
from worker.exceptions import BrokerUnavailable
from worker.sender import Draft, Sender, draft


def form(visit: Visit) -> Response:
    commands = _commands(visit)
    type = visit.get("type") or next(iter(commands))
    said = _said(visit, type)
    bodies = [example["payload"] for example in said["examples"]]
    found = {
        "types": list(commands),
        "type": type,
        "about": said.get("summary", ""),
        "schema": said["payload"],
        "fields": [asdict(field) for field in fields_of(said["payload"])],
        "example": {name: v for name, v in bodies[-1].items() if name != "command_id"},
        "programs": _programs(visit, said, bodies[-1]),
    }
    return visit.answer("send.html", **found, may={"send": visit.may(SEND)})


def send(visit: Visit) -> Response:
    """Send a command, or with `check` only see whether it is one."""
    said, filled = _said(visit, visit.get("type") or ""), dict(visit.fields)
    if "body" in filled:
        content = parse(filled["body"].encode(errors="surrogatepass"))
    else:
        content = content_of(said["payload"], filled)
    command = draft(visit.desk.component.codec, said["name"], content)
    told = {"command_id": command.command_id, "programs": _programs(visit, said, command.content)}
    if visit.get("check"):
        return visit.done(f"/send?type={said['name']}", fits=True, **told)
    visit.record("send", {"type": command.type, "command_id": command.command_id})
    _publish(visit, command)
    return visit.done(f"/send?type={said['name']}", sent=True, **told)


def _publish(visit: Visit, command: Draft) -> None:
    settings, taken = visit.desk.settings, []
    with Broker(settings.amqp_url, f"{settings.component_name} send", settings.heartbeat) as broker:
        sender = Sender(broker, settings.command_queue, lambda _, ok: taken.append(ok))
        sender.send(command)
        sender.finish()
    if taken != [True]:
        raise BrokerUnavailable("the broker refused it; the queue may be full")


def _programs(visit: Visit, said: dict[str, Any], body: dict[str, Any]) -> dict[str, str]:
    """Return programs that send this body, by their language."""
    asked = {**said, "examples": [{"payload": body}]}
    made = snippets(asked, visit.desk.settings.command_queue)
    return {s.language: s.code for s in made if s.language != "JSON"}


def _said(visit: Visit, type: str) -> dict[str, Any]:
    said = _commands(visit).get(type)
    if said is None:
        raise Refusal(422, "There is no command of this type.")
    return said


def _commands(visit: Visit) -> dict[str, dict[str, Any]]:
    """Return what the catalogue says of each command, in the version that senders begin with."""
    document = visit.desk.document
    messages = document["components"]["messages"]
    return {
        m["name"]: m
        for key, m in messages.items()
        if key in document["operations"] and m["x-schema-version"] == 1
    }

"""What each step of the story shows."""

import json

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tools.demo.client import Received
from tools.demo.story import Sent, Story

_COLOURS = {4: "blue", 5: "yellow", 6: "red"}  # of the messages that have a step of their own


def published(story: Story) -> RenderableType:
    table = _table("#", "type", "content", "remark")
    for number, message in enumerate(story.sent, 1):
        colour = _COLOURS.get(number, "")
        table.add_row(f"{number}", message.type, _content(message), message.note, style=colour)
    return table


def events(story: Story) -> RenderableType:
    table = _table("type", "version", "content", "because of")
    for event in story.events:
        number = story.number_of(event.headers["causation-id"])
        version = Text(f"{event.version or '-'}", justify="center")
        cause, colour = f"command {number}", _COLOURS.get(number, "")
        table.add_row(event.type, version, _event_content(event), cause, style=colour)
    return table


def entity(story: Story) -> RenderableType:
    return _facts(**{name: str(value) for name, value in story.entity.items()})


def rejection(story: Story) -> RenderableType:
    body = story.events[3].body
    return _facts(command=f"5, {body['command_type']}", code=body["code"], reason=body["reason"])


def duplicate(story: Story) -> RenderableType:
    (reply,) = story.replies
    return _facts(
        command="4, the same command_id and content as 2",
        effect=f"none: still version {story.entity['version']}, and no further event",
        answer=f"the stored outcome of 2: {reply.type}, {_event_content(reply)}",
    )


def dead_letter(story: Story) -> RenderableType:
    letter = story.dead_letter
    return _facts(
        kind=letter["kind"], reason=letter["reason"], type=letter["type"], body=letter["body"]
    )


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name)
    return table


def _facts(**facts: str) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts.items():
        table.add_row(Text(name, "dim"), Text(value))
    return table


def _content(message: Sent) -> Text:
    try:
        body = json.loads(message.body)
    except ValueError:
        return Text(message.body.decode()[:16] + "…" + message.body.decode()[-6:])
    return Text(f'value "{body["value"]}"' if "value" in body else "")


def _event_content(event: Received) -> str:
    if "value" in event.body:
        return f'value "{event.body["value"]}"'
    return str(event.body.get("code", ""))

"""What is published, and what has to come of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from tools.demo.client import Client, Received
from tools.demo.stage import Stage
from tools.workers import worker

PATIENCE = 30.0  # seconds for each thing that has to happen


class NotAsPromised(Exception):
    """The component did something else than it should."""


@dataclass(frozen=True)
class Sent:
    """A message to publish. `note`: why it is in the story."""

    type: str
    body: bytes
    note: str = ""
    asks: bool = False

    @property
    def command_id(self) -> str | None:
        try:
            return str(json.loads(self.body)["command_id"])
        except ValueError:
            return None


@dataclass
class Story:
    """The six messages, and what became of them."""

    entity_id: str
    sent: list[Sent]
    events: list[Received] = field(default_factory=list)
    replies: list[Received] = field(default_factory=list)
    entity: dict[str, Any] = field(default_factory=dict)
    dead_letter: dict[str, Any] = field(default_factory=dict)

    def number_of(self, command_id: object) -> int:
        """Return which of the messages, from 1, first had this command id."""
        return [message.command_id for message in self.sent].index(str(command_id)) + 1


def new_story() -> Story:
    entity_id = str(uuid4())

    def command(type: str, note: str = "", **content: str) -> Sent:
        body = {"command_id": str(uuid4()), "entity_id": entity_id, **content}
        return Sent(type, json.dumps(body).encode(), note)

    first = command("entity.UpdateValue", value="hello")
    again = Sent(first.type, first.body, "2 again; asks for a reply", asks=True)
    nonsense = b'{"command_id": "%s", oops' % str(uuid4()).encode()
    sent = [
        command("entity.Create"),
        first,
        command("entity.UpdateValue", value="hello again"),
        again,
        command("entity.Create", "this entity exists already"),
        Sent("entity.UpdateValue", nonsense, "this is not JSON"),
    ]
    return Story(entity_id, sent)


def publish(story: Story, client: Client) -> None:
    for message in story.sent:
        client.publish(message.type, message.body, client.replies if message.asks else None)


def watch(story: Story, client: Client, stage: Stage) -> None:
    """Collect what comes out until all is there."""

    def all_came() -> bool:
        story.events.extend(client.new_events())
        story.replies.extend(client.new_replies())
        # The queue is taken in order: with the rejection announced, the duplicate is settled.
        return len(story.events) >= 4 and len(story.replies) >= 1

    def is_dead() -> bool:
        for line in worker(stage.environment, "dead", "list").splitlines():
            story.dead_letter = json.loads(line)
            if story.dead_letter["body"].encode() == story.sent[-1].body:
                return True
        return False

    wait_until(all_came, stage, "the events and the reply to come")
    wait_until(is_dead, stage, "the malformed message to be a dead letter")
    story.entity = json.loads(worker(stage.environment, "show", story.entity_id))
    all_came()  # or more than all, which `verify` would notice


def wait_until(condition: Callable[[], bool], stage: Stage, what: str) -> None:
    """Return when the condition holds; raise `NotAsPromised` if it does not come to hold."""
    until = monotonic() + PATIENCE
    while not condition():
        stage.check_worker()
        if monotonic() > until:
            raise NotAsPromised(f"Waited {PATIENCE:.0f} s in vain for {what}.")
        sleep(0.02)


def verify(story: Story) -> None:
    """Raise `NotAsPromised` for the first thing that is not as it should be."""
    _equal(
        "The events",
        [(e.type, e.version, story.number_of(e.body["command_id"])) for e in story.events],
        [
            ("entity.Created", 1, 1),
            ("entity.Updated", 2, 2),
            ("entity.Updated", 3, 3),
            ("CommandRejected", None, 5),
        ],
    )
    values = [event.body.get("value") for event in story.events]
    _equal("The values in the events", values, [None, "hello", "hello again", None])
    _equal("The rejection's code", story.events[3].body["code"], "already-exists")
    entity = {"entity_id": story.entity_id, "value": "hello again", "version": 3}
    _equal("The entity", story.entity, entity)
    # The very message that announced the first outcome, not one like it.
    _equal("The duplicate's answer", story.replies, [story.events[1]])
    _equal("The dead letter's kind", story.dead_letter["kind"], "malformed")


def _equal(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        raise NotAsPromised(f"{what} should be {expected}, not {actual}.")

"""The catalogue beside a running worker: what it says is accepted, and what comes is as it says."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator

from persistence.database import Database
from tests.sample.aggregates import AGGREGATES
from tests.sample.sales import metadata
from tests.support import component
from tests.support.foreign import Heard, Sent, Subscriber
from tests.support.generated import from_schema
from tests.support.system import System
from tests.support.waiting import wait_for
from tools.node import FOLDER, node_modules
from worker.catalog.document import document
from worker.catalog.page.snippets import snippets, subscribing
from worker.composition import compose

SETTINGS = {
    "AGGREGATES": "tests.sample.aggregates",
    "MAX_ATTEMPTS": "2",
    "RETRY_DELAYS": "0",
    "MAX_MESSAGE_BYTES": "20000",
}
# What cannot be sent, and the failure that it ends in.
BAD: list[tuple[bytes, dict[str, Any], str]] = [
    (b"{", {"type": "order.Place", "message_id": str(uuid4())}, "malformed"),
    (b"{", {}, "malformed"),
    (b'{"command_id": "x"}', {"type": "order.Place"}, "invalid"),
    (b'{"command_id": "%b"}' % str(uuid4()).encode(), {"type": "order.Plaice"}, "unknown-type"),
    (b'{"command_id": "%b", "a": 1}' % str(uuid4()).encode(), {"type": "order.Place"}, "invalid"),
]


@pytest.fixture
def system(make_system: Any, migrated_sqlite_url: str) -> Iterator[System]:
    """A component with orders that is running."""
    system: System = make_system(migrated_sqlite_url, **SETTINGS)
    with Database(system.database_url) as database:
        metadata.create_all(database.engine)
    system.start("run")
    yield system
    system.stop("run")


def catalogue(system: System) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(system.call("catalog"))
    return told


def command(type: str, order_id: str, **fields: object) -> Sent:
    body = {"command_id": str(uuid4()), "order_id": order_id, **fields}
    return Sent(f"order.{type}", body)


def made(schema: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """Return bodies that are as the schema says, each with a command id of its own."""
    bodies: list[dict[str, Any]] = []

    # The same each time: by chance, two orders could have one reference, which the table refuses.
    @settings(max_examples=number, database=None, derandomize=True)
    @given(from_schema(schema))
    def collect(body: dict[str, Any]) -> None:
        bodies.append({**body, "command_id": str(uuid4())})

    collect()
    return bodies


def wait_for_outcome(replies: Subscriber, sent: Sent) -> None:
    wait_for(lambda: of_command(replies.heard, sent), f"the outcome of {sent.type}")


def test_whatever_the_schemas_alone_say_is_accepted_by_a_worker(system: System) -> None:
    messages = catalogue(system)["components"]["messages"]
    types = [
        name for name in messages if name.startswith("order.") and "x-rejections" in messages[name]
    ]
    subscriber = system.subscriber()
    sent = [Sent(name, body) for name in types for body in made(messages[name]["payload"], 8)]
    assert len(sent) > len(types)

    system.sender().send(sent)

    wait_for(lambda: subscriber.distinct() >= len(sent), "outcomes")
    codes = {heard.body["code"] for heard in subscriber.all() if "code" in heard.body}
    assert codes <= {code["code"] for name in types for code in messages[name]["x-rejections"]}


def test_everything_that_a_worker_says_is_as_the_document_says(system: System) -> None:
    messages = catalogue(system)["components"]["messages"]
    subscriber, replies = system.subscriber(), system.replies()
    order_id = str(uuid4())
    asking = {"reply_to": replies.queue, "headers": {"user-id": 7, "session-id": "a"}}
    sender = system.sender()
    good = [
        command("Place", order_id, reference="R1"),
        command("AddLine", order_id, product="tea", quantity=2),
        command("AddLine", order_id, product="", quantity=0),  # which the database refuses
        command("Place", order_id),
        command("RemoveLine", order_id, product="tea"),
        command("Close", order_id),
    ]
    for one in good:
        sender.send([Sent(one.type, one.body, asking)])
        wait_for_outcome(replies, one)
    for body, properties, _ in BAD:
        sender.send_raw(body, **properties, **asking)

    wait_for(lambda: len(replies.heard) >= len(good) + len(BAD), "replies")
    heard = [*replies.all(), *subscriber.all()]
    kinds = {one.type for one in heard}
    events = set(messages) - set(commands_of(messages))
    assert kinds == {name for name in events if not name.startswith("thing.")}
    assert {one.body["code"] for one in heard if one.type == "CommandFailed"} >= {
        "failed",
        *(code for _, _, code in BAD),
    }
    for one in heard:
        assert faults(one, messages[one.type]) == []


def commands_of(messages: dict[str, Any]) -> list[str]:
    return [name for name, message in messages.items() if "x-rejections" in message]


def of_command(heard: list[Heard], command: Sent) -> list[Heard]:
    return [one for one in list(heard) if one.body["command_id"] == command.command_id]


def faults(heard: Heard, described: dict[str, Any]) -> list[str]:
    """Return what a message has that the document does not say."""
    properties = {
        name: value
        for name in described["x-amqp-properties"]["properties"]
        if (value := getattr(heard.properties, name)) is not None
    }
    said = (
        (heard.body, described["payload"]),
        (heard.headers, described["headers"]),
        (properties, described["x-amqp-properties"]),
    )
    return [
        error.message
        for value, schema in said
        for error in Draft7Validator(schema).iter_errors(value)
    ]


def test_the_programs_to_copy_send_commands(system: System, tmp_path: Path) -> None:
    message = catalogue(system)["components"]["messages"]["order.Place"]
    programs = {s.language: s.code for s in snippets(message, system.queue)}
    subscriber = system.subscriber()

    for language in ("Python", "Node"):
        subprocess.run(command_of(language, programs[language], system, tmp_path), check=True)
    publish_as_the_management_api(system, request_of(programs["curl"]))

    wait_for(lambda: len(subscriber.of_type("order.Placed")) == 3, "three events")


@pytest.mark.parametrize("language", ["Python", "Node"])
def test_the_programs_to_copy_hear_the_events(
    system: System, tmp_path: Path, language: str
) -> None:
    programs = {s.language: s.code for s in subscribing(catalogue(system))}
    words = command_of(language, programs[language], system, tmp_path)
    said_at_once = {**os.environ, "PYTHONUNBUFFERED": "1"}
    queue, said = f"{system.name}.events.copy", tmp_path / "said"
    with said.open("w") as output, subprocess.Popen(words, env=said_at_once, stdout=output) as it:
        try:
            wait_for(lambda: system.has_consumer(queue), "the program")
            system.sender().send([command("Place", str(uuid4()), reference="R1")])
            wait_for(lambda: said.read_text().startswith("order.Placed 1 {"), "the event")
        finally:
            it.kill()
    system.delete_queue(queue)


def command_of(language: str, program: str, system: System, folder: Path) -> list[str | Path]:
    """Return the words that run a program of the page, which only gets another broker."""
    ours = urlsplit(system.amqp_url).netloc.rpartition("@")[2]
    assert program.count("localhost:5672") == 1
    file = folder / {"Python": "copied.py", "Node": "copied.mjs"}[language]
    file.write_text(program.replace("localhost:5672", ours))
    if language == "Node":
        (folder / "node_modules").symlink_to(node_modules(print))
    return [{"Python": sys.executable, "Node": "node"}[language], file]


def request_of(program: str) -> dict[str, Any]:
    """Return the body of the request, as the shell understands it."""
    echo = program.replace("curl", "printf '%s\\n'", 1)
    words = subprocess.run(["sh", "-c", echo], capture_output=True, text=True, check=True).stdout
    request: dict[str, Any] = json.loads(words[words.index("{") :])
    return request


def publish_as_the_management_api(system: System, request: dict[str, Any]) -> None:
    """Publish what the API is asked to; not every broker has it."""
    properties = pika.BasicProperties(**request["properties"])
    with pika.BlockingConnection(pika.URLParameters(system.amqp_url)) as connection:
        body = request["payload"].encode()
        connection.channel().basic_publish("", request["routing_key"], body, properties)


@pytest.mark.server  # npm is no server, but has to be had in the same way
def test_the_official_parser_has_nothing_against_the_document() -> None:
    node_modules(print)
    told = subprocess.run(
        ["node", FOLDER / "parse.mjs"],
        input=json.dumps(document(compose(component.settings(), AGGREGATES), "1.2.0")),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (told.stdout, told.stderr, told.returncode) == ("", "", 0)

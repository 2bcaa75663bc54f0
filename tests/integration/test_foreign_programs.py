"""What other people's programs see, through plain pika and section 3 of the design alone."""

import json
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from tests.support.checker import check
from tests.support.foreign import Sent, create, update
from tests.support.system import System
from tests.support.waiting import wait_for

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def test_every_event_of_a_thousand_commands_arrives_in_order(either_system: System) -> None:
    system = either_system
    subscriber, sender = system.subscriber(), system.sender()
    things = [str(uuid4()) for _ in range(50)]
    sent = [create(thing) for thing in things]
    sent += [update(things[i % 50], f"value {i}") for i in range(950)]
    system.start("run")
    sender.send(sent)
    wait_for(lambda: len(subscriber.heard) >= 1000, "all events")
    assert len(subscriber.heard) == 1000
    versions: dict[str, list[int]] = {thing: [] for thing in things}
    for event in subscriber.heard:
        versions[event.headers["aggregate-id"]].append(event.headers["aggregate-version"])
    assert all(seen == list(range(1, 21)) for seen in versions.values())
    assert check(system, sent, subscriber.heard).problems == []


def test_an_event_has_the_properties_and_the_body_of_the_public_interface(
    either_system: System,
) -> None:
    system = either_system
    subscriber = system.subscriber()
    thing = str(uuid4())
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    commands = [
        create(thing, correlation_id="order 7", headers={"traceparent": parent}),
        update(thing, "blau"),
    ]
    system.start("run")
    system.sender().send(commands)
    wait_for(lambda: len(subscriber.heard) == 2, "both events")
    created, updated = subscriber.heard
    assert (created.exchange, created.routing_key, created.type) == (
        system.exchange,
        "thing.Created",
        "thing.Created",
    )
    properties = created.properties
    assert properties.delivery_mode == 2
    assert properties.content_type == "application/json"
    assert properties.app_id == system.name
    assert properties.correlation_id == "order 7"
    assert properties.message_id == created.body["event_id"]
    assert abs(properties.timestamp - datetime.now(UTC).timestamp()) < 60
    assert created.headers == {
        "causation-id": commands[0].command_id,
        "aggregate-type": "thing",
        "aggregate-id": thing,
        "aggregate-version": 1,
        "schema-version": 1,
        "traceparent": parent,
    }
    assert created.body.keys() == {"event_id", "command_id", "timestamp", "thing_id"}
    assert created.body["command_id"] == commands[0].command_id
    assert created.body["thing_id"] == thing
    assert UUID(created.body["event_id"])
    assert RFC_3339.fullmatch(created.body["timestamp"])
    assert updated.body.keys() == {"event_id", "command_id", "timestamp", "thing_id", "value"}
    assert updated.body["value"] == "blau"
    assert updated.properties.correlation_id == commands[1].command_id
    assert updated.headers["aggregate-version"] == 2
    assert "traceparent" not in updated.headers


def test_the_sender_gets_the_outcome_and_a_repeat_gets_it_again(either_system: System) -> None:
    system = either_system
    subscriber, replies = system.subscriber(), system.replies()
    system.start("run")
    command = create(reply_to=replies.queue)
    system.sender().send([command, command])
    wait_for(lambda: len(replies.heard) == 2, "two replies")
    wait_for(lambda: len(subscriber.heard) == 1, "one event")
    first, again = replies.heard
    assert first.exchange == ""
    assert first.type == "thing.Created"
    assert first.body == again.body == subscriber.heard[0].body
    assert first.headers == again.headers == subscriber.heard[0].headers
    assert first.properties.message_id == again.properties.message_id
    assert system.count("sample_things") == 1


def test_a_refusal_is_announced_and_answered(either_system: System) -> None:
    system = either_system
    subscriber, replies = system.subscriber(), system.replies()
    system.start("run")
    command = update(str(uuid4()), "x", reply_to=replies.queue, correlation_id="c1")
    system.sender().send([command])
    wait_for(lambda: subscriber.heard and replies.heard, "announcement and reply")
    rejected = subscriber.heard[0]
    assert rejected.type == rejected.routing_key == "CommandRejected"
    assert rejected.body.keys() == {
        "event_id",
        "command_id",
        "timestamp",
        "command_type",
        "code",
        "reason",
    }
    assert rejected.body["code"] == "not-found"
    assert rejected.body["command_type"] == "thing.UpdateValue"
    assert rejected.body["command_id"] == command.command_id
    assert rejected.headers == {"causation-id": command.command_id, "schema-version": 1}
    assert rejected.properties.correlation_id == "c1"
    assert replies.heard[0].body == rejected.body


def test_a_component_picks_the_id_of_a_thing_that_has_none(either_system: System) -> None:
    system = either_system
    subscriber = system.subscriber()
    system.start("run")
    command_id = str(uuid4())
    system.sender().send([Sent("thing.Create", {"command_id": command_id})])
    wait_for(lambda: subscriber.heard, "the event")
    thing_id = subscriber.heard[0].body["thing_id"]
    assert json.loads(system.call("show", thing_id)) == {
        "thing_id": thing_id,
        "value": None,
        "version": 1,
    }


def test_bad_messages_become_dead_letters_and_cost_their_neighbours_nothing(
    either_system: System,
) -> None:
    system = either_system
    subscriber, sender = system.subscriber(), system.sender()
    good = [create() for _ in range(8)]
    unknown, invalid, packed = (str(uuid4()) for _ in range(3))
    for command, (body, properties) in zip(
        good,
        [
            (b"{not json", {"type": "thing.Create"}),
            (b'"\xff"', {"type": "thing.Create"}),
            (b"[]", {}),
            (json.dumps({"command_id": unknown}).encode(), {"type": "thing.Destroy"}),
            (json.dumps({"command_id": invalid, "x": 1}).encode(), {"type": "thing.Create"}),
            (
                json.dumps({"command_id": packed}).encode(),
                {"type": "thing.Create", "content_encoding": "gzip"},
            ),
            (json.dumps({"thing_id": "5"}).encode(), {"type": "thing.UpdateValue"}),
            (b'{"command_id": "' + b"x" * 2**20 + b'"}', {"type": "thing.Create"}),
        ],
        strict=True,
    ):
        sender.send([command])
        sender.send_raw(body, **properties)
    system.start("run")
    wait_for(lambda: len(subscriber.heard) == 11, "8 events and 3 failures")
    kinds = {
        event.body["command_id"]: event.body["code"]
        for event in subscriber.of_type("CommandFailed")
    }
    assert kinds == {unknown: "unknown-type", invalid: "invalid", packed: "malformed"}
    letters = [json.loads(line) for line in system.call("dead", "list").splitlines()]
    assert [letter["kind"] for letter in reversed(letters)] == [
        "malformed",
        "malformed",
        "malformed",
        "unknown-type",
        "invalid",
        "malformed",
        "invalid",
        "too-large",
    ]
    assert letters[3]["errors"] == {"x": ["Unknown field."]}
    one = json.loads(system.call("dead", "show", str(letters[-1]["id"])))
    assert one["body"] == "{not json"
    assert one["properties"]["type"] == "thing.Create"
    assert {event.body["command_id"] for event in subscriber.of_type("thing.Created")} == {
        command.command_id for command in good
    }


def test_two_consumers_and_two_relays_apply_every_command_once(system: System) -> None:
    subscriber, sender = system.subscriber(), system.sender()
    for _ in range(2):
        system.start("consume")
        system.start("relay")
    things = [str(uuid4()) for _ in range(100)]
    creates = [create(thing) for thing in things]
    sender.send(creates)
    wait_for(lambda: len(subscriber.heard) >= 100, "the creations")
    updates = [update(random.choice(things), f"value {i}") for i in range(10_000)]
    twice = updates * 2
    random.shuffle(twice)
    sender.send(twice)
    wait_for(lambda: len(subscriber.heard) >= 10_100, "the events", 120)
    wait_for(lambda: system.waiting() == 0 and system.count("outbox") == 0, "everything settled")
    assert check(system, creates + updates, subscriber.heard).problems == []
    assert len(subscriber.heard) == 10_100


def test_outcomes_sent_to_another_component_s_command_queue_end_quietly(
    make_system: Callable[..., System], migrated_postgresql_url: str
) -> None:
    ours, theirs = (make_system(migrated_postgresql_url) for _ in range(2))
    announced = theirs.subscriber()
    ours.start("consume")
    ours.start("relay")
    ours.sender().send(
        [create(reply_to=theirs.queue), update(str(uuid4()), "x", reply_to=theirs.queue)]
    )
    ours.sender().send_raw(b"{", reply_to=theirs.queue)
    wait_for(lambda: theirs.waiting() == 3, "three replies in the queue of the other")
    last = create()
    theirs.sender().send([last])
    theirs.start("consume")
    theirs.start("relay")
    wait_for(lambda: len(announced.heard) == 1, "an event of the command behind them")
    assert announced.heard[0].body["command_id"] == last.command_id
    assert theirs.count("inbox", f"component = '{theirs.name}'") == 1
    assert theirs.count("dead_letters", f"component = '{theirs.name}'") == 0

"""Senders that speak AMQP 1.0: their commands are applied, or they are told what to set."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.amqp_1 import create, need_amqp_1, send
from tests.support.system import System
from tests.support.waiting import wait_for

NAMED = UUID("c1b6f7de-2f11-4f0c-8b43-6f6f7b9d2e01")
TYPED = {"x-basic-type": "thing.Create"}
# What a sender sets besides the body, and what the event has then.
APPLIED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "type as an application property": ({}, {}),
    "type as an annotation": ({"application_properties": {}, "message_annotations": TYPED}, {}),
    "content type": ({"content_type": "application/json"}, {}),
    "message id a uuid": ({"message_id": ["uuid", str(uuid4())]}, {}),
    "message id an unsigned number": ({"message_id": ["ulong", 7]}, {}),
    "message id a text": ({"message_id": ["string", "the seventh"]}, {}),
    "correlation id": ({"correlation_id": "order 7"}, {"correlation_id": "order 7"}),
    "headers": (
        {"application_properties": {"type": "thing.Create", "schema-version": 1, "user-id": "eve"}},
        {"user-id": "eve"},
    ),
    "time to live": ({"ttl": 60_000}, {}),
    "not durable": ({"durable": False}, {}),
}
VALUE = "The body is an AMQP 1.0 value: send a data section."
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "text as a value": ({"body": ["value", '{"thing_id": null}']}, VALUE),
    "map as a value": ({"body": ["value", {"thing_id": None}]}, VALUE),
    "sequence": (
        {"body": ["sequence", [1]]},
        "The body is an AMQP 1.0 sequence: send a data section.",
    ),
    "type as the subject": (
        {"application_properties": {}, "subject": "thing.Create"},
        "The message has no type, nor a header of that name. Set the AMQP property 'type'; from"
        " AMQP 1.0, the application property of that name.",
    ),
}


@pytest.fixture
def system(make_system: Any, migrated_sqlite_url: str) -> System:
    """A component whose broker speaks AMQP 1.0; nothing runs yet."""
    system: System = make_system(migrated_sqlite_url, CORRELATION_HEADERS="user-id")
    need_amqp_1(system)
    return system


def test_what_is_sent_as_data_is_applied(system: System) -> None:
    subscriber = system.subscriber()
    things = {case: uuid4() for case in APPLIED}
    send(system, [create(things[case], **others) for case, (others, _) in APPLIED.items()])
    system.start("run")
    wait_for(lambda: len(subscriber.heard) == len(APPLIED), "an event of each")
    events = {event.body["thing_id"]: event for event in subscriber.of_type("thing.Created")}
    for case, (_, kept) in APPLIED.items():
        event = events[str(things[case])]
        carried = {**event.headers, "correlation_id": event.properties.correlation_id}
        assert kept.items() <= carried.items(), case


def test_what_cannot_be_read_is_a_dead_letter_that_says_what_to_set(system: System) -> None:
    replies = system.replies()
    asking = {"reply_to": f"/queues/{replies.queue}"}
    sent = [
        create(uuid4(), correlation_id=case, **asking, **others)
        for case, (others, _) in REFUSED.items()
    ]
    system.start("run")
    send(system, sent)
    wait_for(lambda: len(replies.heard) == len(REFUSED), "an answer for each")
    expected = {case: reason for case, (_, reason) in REFUSED.items()}
    told = {reply.properties.correlation_id: reply.body["reason"] for reply in replies.heard}
    assert told == expected
    letters = [json.loads(line) for line in system.call("dead", "list").splitlines()]
    assert sorted(letter["reason"] for letter in letters) == sorted(expected.values())


def test_a_message_id_that_is_a_uuid_names_a_command_that_cannot_be_read(system: System) -> None:
    subscriber = system.subscriber()
    system.start("run")
    send(system, [create(uuid4(), body=["data", "{"], message_id=["uuid", str(NAMED)])])
    wait_for(lambda: subscriber.heard, "the failure")
    assert subscriber.heard[0].body["command_id"] == str(NAMED)


def test_the_outcome_goes_to_the_address_of_a_queue(system: System) -> None:
    replies = system.replies()
    system.start("run")
    send(system, [create(uuid4(), reply_to=f"/queues/{replies.queue}")])
    wait_for(lambda: replies.heard, "the reply")
    assert replies.heard[0].type == "thing.Created"


def test_a_command_that_waits_longer_than_it_lives_has_expired(system: System) -> None:
    system.call("declare")  # the backstop queue, where it goes
    replies = system.replies()
    send(system, [create(uuid4(), ttl=1, reply_to=f"/queues/{replies.queue}")])
    system.start("run")
    wait_for(lambda: replies.heard, "the answer")
    assert replies.heard[0].body["code"] == "expired"

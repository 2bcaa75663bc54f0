"""Commands that fail: bugs, refusals of the database, and poison."""

import json
from pathlib import Path
from subprocess import CalledProcessError
from uuid import uuid4

import pytest

from tests.support.foreign import create, update
from tests.support.system import System
from tests.support.two_consumers import let_two_apply_one_retry
from tests.support.waiting import wait_for

MISBEHAVING = "tests.support.misbehaving"


def test_a_command_whose_handler_fails_for_a_while_is_tried_again(either_system: System) -> None:
    system = either_system
    subscriber, replies = system.subscriber(), system.replies()
    system.start("consume", module=MISBEHAVING, RETRY_DELAYS="0.1")
    system.start("relay")
    thing = str(uuid4())
    command = update(thing, "bug until 3", reply_to=replies.queue, correlation_id="c")
    system.sender().send([create(thing), command, update(thing, "a neighbour")])
    wait_for(lambda: len(subscriber.heard) == 3, "all events")
    assert [event.body.get("value") for event in subscriber.heard] == [
        None,
        "a neighbour",
        "bug until 3",
    ]
    assert [event.headers["aggregate-version"] for event in subscriber.heard] == [1, 2, 3]
    wait_for(lambda: replies.heard, "the reply")
    assert replies.heard[0].properties.correlation_id == "c"
    assert system.query("SELECT status, attempt FROM inbox WHERE attempt > 1") == [("applied", 3)]
    assert system.count("dead_letters") == system.count("retries") == 0


def test_a_command_whose_handler_always_fails_ends_as_a_dead_letter(either_system: System) -> None:
    system = either_system
    subscriber, replies = system.subscriber(), system.replies()
    system.start("consume", module=MISBEHAVING, RETRY_DELAYS="0.1", MAX_ATTEMPTS="3")
    system.start("relay")
    thing = str(uuid4())
    command = update(thing, "bug", reply_to=replies.queue)
    system.sender().send([create(thing), command])
    wait_for(lambda: len(subscriber.heard) == 2 and replies.heard, "the failure")
    failed = subscriber.heard[1]
    assert failed.type == "CommandFailed"
    assert failed.body["command_id"] == command.command_id
    assert (failed.body["code"], failed.body["command_type"]) == ("failed", command.type)
    assert failed.body["reason"] == "It could not be applied; attempts: 3."
    assert replies.heard[0].body == failed.body
    (line,) = system.call("dead", "list").splitlines()
    letter = json.loads(line)
    assert len(letter["attempts"]) == 3
    assert "RuntimeError: the handler has a bug" in letter["traceback"]
    assert json.loads(letter["body"]) == command.body
    assert json.loads(system.call("show", thing))["value"] is None


def test_a_command_that_the_database_refuses_costs_only_itself(system: System) -> None:
    subscriber = system.subscriber()
    things = [str(uuid4()) for _ in range(20)]
    sender = system.sender()
    sender.send([create(thing) for thing in things])
    sender.send([update(thing, "fine") for thing in things[:10]])
    refused = update(things[10], "unstorable")
    sender.send([refused])
    sender.send([update(thing, "fine") for thing in things[11:]])
    system.start("consume", module=MISBEHAVING, RETRY_DELAYS="0.1", MAX_ATTEMPTS="2")
    system.start("relay")
    wait_for(lambda: len(subscriber.heard) == 40, "39 events and a failure")
    (failed,) = subscriber.of_type("CommandFailed")
    assert failed.body["command_id"] == refused.command_id
    assert failed.body["code"] == "failed"
    assert system.count("things", "value = 'fine'") == 19
    assert system.query("SELECT kind FROM dead_letters") == [("failed",)]


def test_a_poison_command_ends_as_a_dead_letter_and_its_neighbours_are_applied(
    system: System,
) -> None:
    subscriber, replies, sender = system.subscriber(), system.replies(), system.sender()
    things = [str(uuid4()) for _ in range(30)]
    sender.send([create(thing) for thing in things])
    sender.send([update(thing, "fine") for thing in things[:15]])
    poison = update(things[15], "exit", reply_to=replies.queue)
    sender.send([poison])
    sender.send([update(thing, "fine") for thing in things[16:]])
    system.start("relay")
    deaths = 0
    while system.count("dead_letters") == 0:
        consumer = system.start("consume", module=MISBEHAVING)
        wait_for(lambda: consumer.code is not None or system.count("dead_letters"), "an end", 60)  # noqa: B023
        deaths += consumer.code is not None
        assert deaths <= 40, "the poison loops for ever"
    wait_for(lambda: len(subscriber.heard) == 60, "59 events and a failure")
    wait_for(lambda: replies.heard, "the reply")
    (failed,) = subscriber.of_type("CommandFailed")
    assert failed.body["command_id"] == poison.command_id
    assert failed.body["code"] == "crash"
    assert replies.heard[0].body == failed.body
    assert system.query("SELECT kind FROM dead_letters") == [("crash",)]
    assert system.count("things", "value = 'fine'") == 29
    assert deaths >= 20
    wait_for(
        lambda: system.waiting() == system.waiting(f"{system.queue}.dead") == 0, "empty queues"
    )


def test_a_command_in_the_backstop_queue_survives_any_number_of_deaths(system: System) -> None:
    subscriber, command = system.subscriber(), create()
    backstop = f"{system.queue}.dead"
    system.call("declare")
    system.send_to(backstop, command)
    for _ in range(25):
        system.take_and_die(backstop)
    system.start("run")
    wait_for(lambda: subscriber.distinct() == 1, "the failure")
    assert subscriber.heard[0].body["command_id"] == command.command_id
    assert system.query("SELECT kind FROM dead_letters") == [("crash",)]


def test_a_retry_that_two_consumers_have_is_applied_once(system: System, tmp_path: Path) -> None:
    subscriber = system.subscriber()
    let_two_apply_one_retry(system, tmp_path, MISBEHAVING)
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    assert system.count("things") == len(subscriber.all()) == 1
    assert system.query("SELECT status, attempt FROM inbox") == [("applied", 2)]
    assert system.count("retries") == 0


def test_a_retry_that_goes_with_its_queue_comes_again(either_system: System) -> None:
    system = either_system
    subscriber, thing = system.subscriber(), str(uuid4())
    command = update(thing, "bug")
    broken = system.start("consume", module=MISBEHAVING, RETRY_DELAYS="0.1")
    system.sender().send([create(thing), command])
    wait_for(lambda: system.count("retries") == 1, "the failed attempt")
    assert broken.stop() == 0
    system.start("relay")
    wait_for(lambda: system.waiting() == 1, "the retry in the queue")
    system.delete_queue()
    assert not system.queue_exists()
    system.declare()
    system.start("consume")  # the bug is mended
    system.sender().send([command] * 3)
    wait_for(lambda: subscriber.of_type("thing.Updated"), "the event")
    wait_for(lambda: system.count("retries") == 0, "no retry")
    assert system.query("SELECT attempt FROM inbox WHERE status = 'applied' ORDER BY 1") == [
        (1,),
        (2,),
    ]
    assert json.loads(system.call("show", thing))["value"] == "bug"


def test_another_content_under_a_known_command_id_is_a_dead_letter(either_system: System) -> None:
    system = either_system
    subscriber, replies = system.subscriber(), system.replies()
    system.start("run")
    thing = str(uuid4())
    first = update(thing, "first")
    other = update(thing, "other", reply_to=replies.queue)
    other.body["command_id"] = first.command_id
    later = create(reply_to=replies.queue)
    system.sender().send([create(thing), first, other, later])
    wait_for(lambda: len(replies.heard) == 2, "a reply to each")
    wait_for(lambda: len(subscriber.heard) == 3, "three events, none of the failure")
    refused, created = sorted(replies.heard, key=lambda reply: reply.type)
    assert (refused.type, refused.body["code"]) == ("CommandFailed", "command-id-reused")
    assert created.body["command_id"] == later.command_id
    assert system.query("SELECT kind FROM dead_letters") == [("command-id-reused",)]
    assert json.loads(system.call("show", thing))["value"] == "first"


def test_a_reply_queue_that_is_gone_costs_nothing(either_system: System) -> None:
    system = either_system
    subscriber = system.subscriber()
    relay = system.start("relay")
    system.start("consume")
    sent = [create(reply_to=f"gone-{uuid4()}") for _ in range(20)]
    system.sender().send(sent)
    wait_for(lambda: len(subscriber.heard) == 20, "the events")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    relay.wait_for_log("no queue takes this reply")
    assert relay.log().count("no queue takes this reply") == 1


def test_events_that_nobody_subscribes_to_do_not_stay(either_system: System) -> None:
    system = either_system
    relay = system.start("relay")
    system.start("consume")
    system.sender().send([create() for _ in range(20)])
    wait_for(lambda: system.count("inbox") == 20, "the commands")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    relay.wait_for_log("no queue takes this event")
    assert relay.log().count("no queue takes this event") == 1


def test_a_replayed_dead_letter_is_applied_and_answered(either_system: System) -> None:
    system = either_system
    subscriber, replies = system.subscriber(), system.replies()
    broken = system.start("consume", module=MISBEHAVING, MAX_ATTEMPTS="1")
    system.start("relay")
    thing = str(uuid4())
    command = update(thing, "bug", reply_to=replies.queue)
    system.sender().send([create(thing), command])
    wait_for(lambda: len(replies.heard) == 1, "the failure")
    (letter,) = system.call("dead", "list").splitlines()
    assert broken.stop() == 0
    system.start("consume")  # the bug is mended
    system.call("dead", "replay", str(json.loads(letter)["id"]))
    wait_for(lambda: len(replies.heard) == 2, "the new outcome")
    assert [reply.type for reply in replies.heard] == ["CommandFailed", "thing.Updated"]
    assert subscriber.heard[-1].body["command_id"] == command.command_id
    assert system.call("dead", "list") == ""
    system.sender().send([command])
    wait_for(lambda: len(replies.heard) == 3, "the stored outcome")
    assert replies.heard[2].body == replies.heard[1].body


def test_a_dead_letter_of_a_command_that_ended_well_is_not_replayed(
    either_system: System,
) -> None:
    system = either_system
    subscriber = system.subscriber()
    system.start("run")
    first = create()
    other = create()
    other.body["command_id"] = first.command_id
    system.sender().send([first, other])
    wait_for(lambda: system.count("dead_letters") == 1, "the dead letter")
    (letter,) = system.call("dead", "list").splitlines()
    with pytest.raises(CalledProcessError) as error:
        system.call("dead", "replay", str(json.loads(letter)["id"]))
    assert "is applied; that stands" in error.value.stderr
    assert system.count("dead_letters") == 1
    assert system.call("dead", "purge", "--kind", "crash", "--older-than", "0") == (
        "Purged 0 dead letters.\n"
    )
    assert system.call("dead", "purge", "--older-than", "0", "--yes") == "Purged 1 dead letters.\n"
    assert len(subscriber.heard) == 1


def test_a_reply_queue_that_is_full_does_not_hold_up_events(system: System) -> None:
    subscriber, replies = system.subscriber(), system.full_queue()
    relay = system.start("relay")
    system.start("consume")
    system.sender().send([create(reply_to=replies) for _ in range(600)])
    wait_for(lambda: subscriber.distinct() == 600, "the events")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    relay.wait_for_log("no queue takes this reply")


def test_a_forged_reply_address_does_not_hold_up_events(either_system: System) -> None:
    system = either_system
    subscriber = system.subscriber()
    forged = "amq.rabbitmq.reply-to.g2dkAA5ub2RlQGxvY2FsaG9zdAAAAAAAAAAAAAAAAA==.abc"
    commands = [create() for _ in range(60)]
    commands[30] = create(reply_to=forged)
    relay = system.start("relay")
    system.sender().send(commands)
    system.start("consume")
    wait_for(lambda: subscriber.distinct() == 60, "the events", 60)
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox", 60)
    if system.broker_version() < (4,):  # from 4.0 on, the broker just drops such a message
        relay.wait_for_log("this reply cannot be sent and is set aside")

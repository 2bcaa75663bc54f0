"""The checker catches every kind of harm, and finds none where nothing was taken out."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.support.checker import Report, check
from tests.support.foreign import Sent, Subscriber, create, update
from tests.support.system import System
from tests.support.two_consumers import let_two_apply_one_retry
from tests.support.waiting import hold, wait_for
from worker.runtime.watchdog import HUNG

MODULE = "tests.chaos.mutants"


def commands(count: int, things: int = 5) -> list[Sent]:
    ids = [str(uuid4()) for _ in range(things)]
    return [*map(create, ids), *(update(ids[i % things], f"{i}") for i in range(count))]


def a_consumer_that_dies(system: System, mutant: str) -> Report:
    """Commands are sent once; the consumer may die, and an honest one goes on."""
    subscriber, sent = system.subscriber(), commands(100)
    system.sender().send(sent)
    system.start("relay")
    first = system.start("consume", module=MODULE, MUTANT=mutant, BATCH_SIZE="10")
    if mutant == "none":
        wait_for(lambda: system.count("inbox") > 20, "some batches")
        first.signal(9)
    assert first.wait() != 0
    system.start("consume")
    return settle_and_check(system, sent, subscriber)


def commands_sent_twice(system: System, mutant: str) -> Report:
    subscriber, sent = system.subscriber(), commands(100)
    system.sender().send(sent * 2)
    system.start("relay")
    system.start("consume", module=MODULE, MUTANT=mutant)
    return settle_and_check(system, sent, subscriber)


def two_relays(system: System, mutant: str) -> Report:
    subscriber, sent = system.subscriber(), commands(2000)
    for _ in range(2):
        relay = system.start("relay", module=MODULE, MUTANT=mutant)
        if mutant != "none":
            relay.wait_for_log('"relaying"')
    system.start("consume")
    system.sender().send(sent)
    return settle_and_check(system, sent, subscriber, repeats=False)


def a_queue_that_is_full_now_and_then(system: System, mutant: str) -> Report:
    """The subscriber's queue refuses what it has no room for: the broker nacks."""
    subscriber, sent = system.small_subscriber(5), commands(400, things=2)
    system.sender().send(sent)
    system.start("consume")
    wait_for(lambda: system.count("outbox") == len(sent), "a full outbox")
    relay = system.start("relay", module=MODULE, MUTANT=mutant)
    relay.wait_for_log("the broker refuses messages")
    return settle_and_check(system, sent, subscriber)


def a_retry_that_two_consumers_have(system: System, mutant: str) -> Report:
    subscriber = system.subscriber()
    command = let_two_apply_one_retry(system, system.folder, MODULE, MUTANT=mutant)
    return settle_and_check(system, [command], subscriber)


def a_queue_that_is_lost_with_a_retry(system: System, mutant: str) -> Report:
    subscriber, thing = system.subscriber(), str(uuid4())
    sent = [create(thing), update(thing, "bug")]
    system.start("consume", module="tests.support.misbehaving", RETRY_DELAYS="0.1")
    system.sender().send(sent)
    wait_for(lambda: system.count("retries") == 1, "the failed attempt")
    system.stop("consume")
    system.start("relay", module=MODULE, MUTANT=mutant)
    wait_for(lambda: system.waiting() == 1, "the retry in the queue")
    system.delete_queue()
    system.declare()
    system.start("consume")  # the bug is mended
    wait_for(lambda: system.count("retries") == 0, "no retry")
    return settle_and_check(system, sent, subscriber)


def a_handler_that_hangs(system: System, mutant: str) -> Report:
    """A supervisor starts again what has ended; it does not see that one hangs."""
    subscriber, sent = system.subscriber(), commands(100)
    system.sender().send(sent)
    system.start("relay")
    settings = {"MUTANT": mutant, "HANG_AT": "30", "PATIENCE": "2", "BATCH_SIZE": "10"}
    first = system.start("consume", module=MODULE, **settings)
    wait_for(lambda: system.count("inbox") > 20, "some batches")
    if mutant != "none":
        hold(6)
        assert first.code is None, "it has not hung"
        return check(system, sent, subscriber.all())
    assert first.wait() == HUNG, first.log()
    system.start("consume")
    return settle_and_check(system, sent, subscriber)


def a_database_that_only_reads_for_a_while(system: System, mutant: str) -> Report:
    """What is given back counts towards its limit, so it is given back once an outage."""
    subscriber, sent = system.subscriber(), commands(5)
    system.start("relay")
    consumer = system.start("consume", module=MODULE, MUTANT=mutant, GIVE_BACK_AFTER="0.1")
    consumer.wait_for_log('"consuming"')
    with system.only_reading():
        system.sender().send(sent)
        consumer.wait_for_log("gave back what was delivered")
        if mutant != "none":
            wait_for(lambda: system.waiting(f"{system.queue}.dead"), "a limit to be reached", 90)
        assert system.count("inbox") == 0, "it could write"
    return settle_and_check(system, sent, subscriber)


def settle_and_check(
    system: System, sent: list[Sent], subscriber: Subscriber, *, repeats: bool = True
) -> Report:
    last = create()  # one consumer takes the queue in its order: what came before is settled then
    system.sender().send([last])
    heard = subscriber.heard
    wait_for(lambda: any(e.body["command_id"] == last.command_id for e in heard), "the last", 120)
    if system.queue_exists(backstop := f"{system.queue}.dead"):
        wait_for(lambda: system.waiting(backstop) == 0, "the dead letters to be written")
    system.stop("consume")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox", 120)
    return check(system, [*sent, last], subscriber.all(), repeats=repeats)


SCENARIOS: dict[str, tuple[Callable[[System, str], Report], str]] = {
    "ack_before_commit": (a_consumer_that_dies, "lost"),
    "publish_before_commit": (a_consumer_that_dies, "doubled"),
    "no_inbox": (commands_sent_twice, "doubled"),
    "relay_without_lock": (two_relays, "doubled"),
    "no_watchdog": (a_handler_that_hangs, "lost"),
    "delete_past_a_nack": (a_queue_that_is_full_now_and_then, "out_of_order"),
    "inbox_without_condition": (a_retry_that_two_consumers_have, "doubled"),
    "back_after_a_read": (a_database_that_only_reads_for_a_while, "wrongly_dead"),
    "retry_deleted_at_the_confirm": (a_queue_that_is_lost_with_a_retry, "lost"),
}


@pytest.mark.parametrize("mutant", SCENARIOS)
def test_the_checker_catches_the_mutant(system: System, mutant: str) -> None:
    scenario, harm = SCENARIOS[mutant]
    assert getattr(scenario(system, mutant), harm)


@pytest.mark.parametrize("scenario", {scenario for scenario, _ in SCENARIOS.values()})
def test_the_checker_finds_nothing_where_nothing_was_taken_out(
    system: System, scenario: Callable[[System, str], Report]
) -> None:
    assert scenario(system, "none").problems == []

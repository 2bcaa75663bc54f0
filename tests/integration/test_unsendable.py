"""Rows that cannot go out: they are set aside, and what waits behind them goes on."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from time import monotonic
from uuid import UUID, uuid4

import pytest

from persistence.database import Database
from persistence.messages import OutgoingMessage
from persistence.unit_of_work import UnitOfWork
from tests.integration.test_processes import free_port
from tests.support.foreign import create, update
from tests.support.health import get
from tests.support.system import System
from tests.support.waiting import hold, wait_for

MISBEHAVING = "tests.support.misbehaving"
FORGED = "amq.rabbitmq.reply-to.g2dkAA5ub2RlQGxvY2FsaG9zdAAAAAAAAAAAAAAAAA==.abc"

GOOD = OutgoingMessage("t", "{}", "", "c", 0, {})
# What the broker ends the channel for, and what AMQP or the connection cannot carry.
BAD = (
    GOOD._replace(headers={"CC": "side"}),
    GOOD._replace(headers={"BCC": 1}),
    GOOD._replace(timestamp=-1),
    GOOD._replace(type="t" * 256),
    GOOD._replace(headers={"n": 2**64}),
    GOOD._replace(headers={"k" * 256: 1}),
    GOOD._replace(headers={f"h{i}": "x" * 1000 for i in range(140)}),
    GOOD._replace(headers={"nested": [{"a": [None, 2**70]}]}),
    GOOD._replace(correlation_id="ü" * 200),
    GOOD._replace(headers={"CC": {"a": "table"}}),
)


def store(system: System, messages: Sequence[OutgoingMessage], aggregates: int) -> None:
    """Put messages into the outbox, as events of these aggregates in turn."""
    ids = [UUID(int=number + 1) for number in range(aggregates)]
    with Database(system.database_url) as database, UnitOfWork(database, system.name) as unit:
        for number, message in enumerate(messages):
            id, version = ids[number % aggregates], number // aggregates + 1
            place = {"aggregate-id": str(id), "aggregate-version": version}
            unit.outbox.add(
                message._replace(message_id=str(uuid4()), headers={**message.headers, **place}),
                aggregate_id=id,
            )
        unit.commit()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = monotonic()
    yield
    assert monotonic() - began < seconds


@pytest.mark.parametrize("spread", [100, 1], ids=["spread", "in a row"])
def test_events_that_cannot_go_out_hold_up_no_others(system: System, spread: int) -> None:
    messages = [GOOD] * 1000
    for number, bad in enumerate(BAD):
        messages[number * spread + spread // 2] = bad
    store(system, messages, aggregates=7)
    subscriber = system.subscriber()
    relay = system.start("relay")
    relay.wait_for_log("relaying")
    with within(10):
        wait_for(lambda: subscriber.distinct() == 990, "the good ones")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    assert system.query("SELECT kind, count(*) FROM dead_letters GROUP BY kind") == [
        ("unsendable", 10)
    ]
    assert relay.log().count("this event cannot be sent and is set aside") == 10
    place = [(h.headers["aggregate-id"], h.headers["aggregate-version"]) for h in subscriber.all()]
    for _, versions in groupby(sorted(set(place), key=place.index), key=lambda p: p[0]):
        heard = [version for _, version in versions]
        assert heard == sorted(heard)


def test_an_event_that_was_set_aside_can_be_put_back(either_system: System) -> None:
    system = either_system
    store(system, [GOOD._replace(body='{"large": "' + "x" * 100_000 + '"}', timestamp=-1)], 1)
    subscriber, relay = system.subscriber(), system.start("relay")
    relay.wait_for_log("set aside")
    (letter,) = system.call("dead", "list").splitlines()
    content = json.loads(letter)
    assert content["kind"] == "unsendable"
    assert content["body_bytes"] == len(content["body"]) > 100_000
    system.execute(
        "UPDATE dead_letters SET properties ="
        " replace(CAST(properties AS text), '\"timestamp\": -1', '\"timestamp\": 1')"
        + ("::json" if "postgresql" in system.database_url else "")
    )
    system.call("dead", "replay", str(content["id"]))
    wait_for(lambda: subscriber.heard, "the event")
    assert subscriber.heard[0].body == json.loads(content["body"])
    assert subscriber.heard[0].headers["aggregate-version"] == 1
    assert system.call("dead", "list") == ""


def test_a_retry_goes_out_without_the_routes_of_its_command(system: System) -> None:
    subscriber = system.subscriber()
    system.start("consume", module=MISBEHAVING, RETRY_DELAYS="0.1")
    relay = system.start("relay")
    thing = str(uuid4())
    routed = update(thing, "bug until 2", headers={"CC": ["side"], "BCC": ["side"], "kept": "k"})
    system.sender().send([create(thing), routed, *(create() for _ in range(100))])
    with within(20):
        wait_for(lambda: subscriber.distinct() == 102, "all events")
    assert "the broker is away" not in relay.log()
    assert system.count("dead_letters") == 0


def test_forged_reply_addresses_cost_only_replies(system: System) -> None:
    subscriber = system.subscriber()
    relay = system.start("relay")
    relay.wait_for_log("relaying")
    sender = system.sender()
    sender.send([create(reply_to=FORGED) for _ in range(30)])
    sender.send([create() for _ in range(100)])
    system.start("consume").wait_for_log("consuming")
    with within(5):
        wait_for(lambda: subscriber.distinct() == 130, "the events")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    assert "the broker is away" not in relay.log()


def test_a_full_command_queue_slows_no_events(system: System) -> None:
    subscriber, thing = system.subscriber(), str(uuid4())
    consumer = system.start("consume", module=MISBEHAVING, RETRY_DELAYS="4")
    system.sender().send([create(thing), update(thing, "bug until 2")])
    wait_for(lambda: system.count("retries") == 1, "a retry")
    assert consumer.stop() == 0
    relay = system.start("relay")
    relay.wait_for_log("relaying")
    with system.command_queue_full():
        assert system.count("retries") == 1
        relay.wait_for_log("the broker refuses messages")
        store(system, [GOOD] * 300, aggregates=1)
        with within(5):
            wait_for(lambda: subscriber.distinct() == 301, "the events")
        assert system.count("retries") == 1
    wait_for(lambda: system.waiting() == 1, "the retry in the queue", 20)


def test_events_that_reach_nobody_are_an_error_each_minute(system: System) -> None:
    relay = system.start("relay", module="tests.support.impatient")  # a minute is a second there
    store(system, [GOOD], 1)
    relay.wait_for_log("no queue takes this event")
    (line,) = [line for line in relay.log().splitlines() if "no queue takes this event" in line]
    said = json.loads(line)
    assert (said["level"], said["target"], said["messages"]) == ("error", system.exchange, 1)

    def again() -> bool:
        store(system, [GOOD], 1)
        return relay.log().count("no queue takes this event") > 1

    wait_for(again, "the next error", every=0.2)


def test_a_relay_that_cannot_delete_waits_until_it_can(system: System) -> None:
    subscriber = system.subscriber()
    store(system, [GOOD] * 10, 1)
    system.execute(
        "CREATE FUNCTION raises() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
        " CREATE TRIGGER raises BEFORE DELETE ON outbox EXECUTE FUNCTION raises()"
    )
    relay = system.start("relay")
    relay.wait_for_log("the database is away")
    hold(4)
    assert len(subscriber.all()) == 10
    system.execute("DROP TRIGGER raises ON outbox")
    wait_for(lambda: system.count("outbox") == 0, "an empty outbox")
    assert len(subscriber.all()) == 20
    assert relay.log().count("the database is away") == 1
    assert relay.log().count("the database is back") == 1


def test_a_relay_that_is_frozen_is_replaced(system: System) -> None:
    subscriber = system.subscriber()
    frozen = system.start("relay", module="tests.support.impatient")  # a minute is 8 seconds there
    frozen.wait_for_log("relaying")
    port = free_port()
    standby = system.start("relay", module="tests.support.impatient", HTTP_PORT=str(port))
    wait_for(lambda: get(port, "/readyz")[0] == 200, "a relay that stands by")
    frozen.signal(signal.SIGSTOP)
    try:
        store(system, [GOOD] * 10, 1)
        wait_for(lambda: get(port, "/readyz")[0] == 503, "not ready")
        assert "leaves messages in the outbox" in get(port, "/readyz")[1]
        wait_for(lambda: subscriber.distinct() == 10, "the events")
        assert "relaying" in standby.log()
        wait_for(lambda: get(port, "/readyz")[0] == 200, "ready")
    finally:
        frozen.signal(signal.SIGCONT)
    frozen.wait_for_log("the database is away")  # its session has gone; it stands by
    assert frozen.stop() == standby.stop() == 0

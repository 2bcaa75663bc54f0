"""What running processes show of what they do, and of what they leave."""

from uuid import uuid4

from tests.integration.test_processes import free_port
from tests.support.foreign import create, update
from tests.support.health import metric
from tests.support.system import System
from tests.support.waiting import wait_for


def test_a_consumer_shows_what_waits_while_there_is_no_relay(system: System) -> None:
    port, sender, thing = free_port(), system.sender(), create(reply_to="nobody")
    system.start("consume", module="tests.support.misbehaving", HTTP_PORT=str(port))
    sender.send([thing, update(thing.body["thing_id"], "bug")])
    sender.send_raw(b"{")
    wait_for(lambda: metric(port, "outbox_messages") == 2, "an event and a reply")
    wait_for(lambda: metric(port, "oldest_unsent_event_seconds") > 1, "an age")
    wait_for(lambda: metric(port, "retries_waiting") == 1, "a retry")
    wait_for(lambda: metric(port, "dead_letters", 'kind="malformed"') == 1, "a dead letter")
    assert metric(port, "dead_letters") == 1
    assert metric(port, "consumer_attached") == 1


def test_a_relay_shows_what_it_has_sent_and_what_nobody_took(system: System) -> None:
    port = free_port()
    system.subscriber()
    system.start("consume")
    system.start("relay", HTTP_PORT=str(port))
    system.sender().send([create(reply_to=f"nobody-{uuid4()}")])
    wait_for(lambda: metric(port, "published_total", 'kind="event"') == 1, "an event")
    wait_for(lambda: metric(port, "returned_total", 'kind="reply"') == 1, "a reply for nobody")
    assert metric(port, "returned_total", 'kind="event"') == 0
    assert metric(port, "relay_leader") == 1

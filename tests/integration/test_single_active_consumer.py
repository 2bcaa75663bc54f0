"""A queue with a single active consumer keeps the order of the queue, also while consumers stop."""

from uuid import uuid4

from tests.support.foreign import create, update
from tests.support.system import Process, System
from tests.support.waiting import wait_for

SETTINGS = {
    "SINGLE_ACTIVE_CONSUMER": "true",
    "BATCH_SIZE": "2",
    "PREFETCH_COUNT": "200",
    "LOG_LEVEL": "debug",
}


def active(consumers: list[Process]) -> list[Process]:
    """Return the one that works; the others had one delivery at most, while it began."""
    return [consumer for consumer in consumers if consumer.log().count('"batch"') > 5]


def test_order_is_kept_while_active_consumers_stop_and_others_follow(system: System) -> None:
    subscriber, sender, thing = system.subscriber(), system.sender(), str(uuid4())
    system.delete_queue()
    system.call("declare", SINGLE_ACTIVE_CONSUMER="true")
    values = [str(number) for number in range(2000)]
    sender.send([create(thing), *(update(thing, value) for value in values)])
    consumers = [system.start("consume", **SETTINGS) for _ in range(3)]
    system.start("relay", **SETTINGS)
    for _ in range(3):
        wait_for(lambda: active(consumers), "an active consumer")
        (stopping,) = active(consumers)
        assert stopping.stop() == 0
        consumers.remove(stopping)
    assert system.waiting() > 0, "nothing was left for the next consumer"
    system.start("consume", **SETTINGS)
    wait_for(lambda: subscriber.distinct() == 2001, "all events", 60)
    assert [heard.body["value"] for heard in subscriber.of_type("thing.Updated")] == values

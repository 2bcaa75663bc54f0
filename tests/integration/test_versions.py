"""After a deploy that gave a command new versions: what was sent before it is applied."""

from uuid import uuid4

from tests.support.foreign import create, update
from tests.support.system import System
from tests.support.waiting import wait_for

BEFORE = "tests.support.misbehaving"
TODAY = "tests.sample.versions"


def test_version_1_in_the_queue_among_retries_and_dead_letters_is_applied(
    either_system: System,
) -> None:
    system, sender = either_system, either_system.sender()
    dead, retried, queued = things = [str(uuid4()) for _ in range(3)]
    sender.send([*map(create, things), update(dead, "bug")])
    system.start("consume", module=BEFORE, RETRY_DELAYS="0.1", MAX_ATTEMPTS="2")
    system.start("relay")
    wait_for(lambda: system.count("dead_letters") == 1, "a dead letter")
    system.stop("consume")
    system.start("consume", module=BEFORE, RETRY_DELAYS="3600")
    sender.send([update(retried, "bug")])
    wait_for(lambda: system.count("retries") == 1, "a retry")
    system.stop("consume")
    sender.send([update(queued, "bug")])
    wait_for(lambda: system.waiting() == 1, "a command in the queue")
    assert system.count("sample_things", "value IS NOT NULL") == 0

    system.start("consume", AGGREGATES=TODAY)
    system.call("waiting", "now", "--all", "--yes", AGGREGATES=TODAY)
    system.call("dead", "replay", "--all", "--yes", AGGREGATES=TODAY)
    wait_for(lambda: system.count("sample_things", "value = 'bug'") == 3, "all three")
    assert system.count("inbox", "status <> 'applied'") == system.count("retries") == 0

"""Many dead letters of one cause, with real processes: as somebody would who is woken at night."""

import json
import os
import signal
from collections import defaultdict
from subprocess import CalledProcessError
from time import monotonic
from typing import Any

import pytest

from tests.support.foreign import create, update
from tests.support.system import System
from tests.support.waiting import wait_for

MISBEHAVING = "tests.support.misbehaving"
LETTERS = int(os.environ.get("LETTERS", "150"))  # by hand: 10000
ENTITIES = max(LETTERS // 10, 10)


def letters(system: System) -> int:
    return system.count("dead_letters")


def operation(system: System) -> dict[str, Any]:
    return dict(json.loads(system.call("dead", "operations", "--json"))[0])


@pytest.fixture
def failed(system: System) -> System:
    """A component with many letters of one group, whose handler is still broken."""
    system.start("consume", module=MISBEHAVING, MAX_ATTEMPTS="1")
    system.start("relay")
    entities = [create() for _ in range(ENTITIES)]
    sender = system.sender()
    sender.send(entities)
    ids = [sent.body["entity_id"] for sent in entities]
    sender.send(update(ids[n % ENTITIES], f"bug, {n}") for n in range(LETTERS))
    wait_for(lambda: letters(system) == LETTERS, "every letter", 120)
    return system


def test_a_group_is_replayed_once_its_cause_is_gone_and_not_before(failed: System) -> None:
    system = failed
    (group,) = json.loads(system.call("dead", "groups", "--json"))
    assert (group["count"], group["type"]) == (LETTERS, "entity.UpdateValue")
    newest = system.query("SELECT max(id) FROM dead_letters")
    with pytest.raises(CalledProcessError) as stopped:
        system.call("dead", "replay", "--group", group["id"], "--yes")
    assert f"The same failure came again: group {group['id']}" in stopped.value.stderr
    first = operation(system)
    assert (first["state"], first["asked"]) == ("stopped", LETTERS)
    assert 1 <= first["failed_again"] == first["sent"] <= 8
    assert first["cancelled"] == LETTERS - first["sent"]
    assert letters(system) == LETTERS
    assert system.query("SELECT max(id) FROM dead_letters") > newest

    system.stop("consume")
    subscriber = system.subscriber()
    system.start("consume")  # the bug is mended
    began = monotonic()
    replay = system.start("dead", "replay", "--group", group["id"], "--yes")
    wait_for(lambda: system.count("operations", f"asked = {LETTERS} AND sent > 0") == 2, "a start")
    comes_in(system)
    assert replay.wait(600) == 0, replay.log()
    print(f"{LETTERS} letters: {monotonic() - began:.1f} s")
    second = operation(system)
    assert (second["state"], second["sent"], second["applied"]) == ("done", LETTERS, LETTERS)
    for size in (1, 3, 8, 28):  # after batches of 1, 2, 5 and 20, whose outcomes were waited for
        assert f"{size} sent" in replay.log()
    ((left,),) = system.query("SELECT reason FROM dead_letters")
    assert left == "came in meanwhile"
    wait_for(lambda: subscriber.distinct() == LETTERS, "the events")
    values = defaultdict(list)
    for event in subscriber.all():
        values[event.body["entity_id"]].append(int(event.body["value"].removeprefix("bug, ")))
    assert all(numbers == sorted(numbers) for numbers in values.values())


def comes_in(system: System) -> None:
    """Let a letter of the same group come in now."""
    columns = "component, kind, type, errors, traceback, attempts, body, body_bytes, properties"
    copied = f"{columns}, died_at, fingerprint"
    system.execute(
        f"INSERT INTO dead_letters (reason, {copied})"
        f" SELECT 'came in meanwhile', {copied} FROM dead_letters ORDER BY id DESC LIMIT 1"
    )


def test_a_replay_ends_with_ctrl_c_and_says_so(failed: System) -> None:
    system = failed
    system.stop("consume")
    replay = system.start("dead", "replay", "--kind", "failed", "--yes", "--rate", "20")
    wait_for(lambda: system.count("operations", "sent > 0"), "the first batch")
    replay.signal(signal.SIGINT)  # while nobody consumes
    assert replay.wait() == 1
    ended = operation(system)
    assert (ended["state"], ended["sent"], ended["waiting"]) == ("cancelled", 1, 1)
    assert ended["cancelled"] == LETTERS - 1 == letters(system)
    system.start("consume")
    wait_for(lambda: operation(system)["applied"] == 1, "what came of it")

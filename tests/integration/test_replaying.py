"""Many dead letters of one cause, with real processes: as somebody would who is woken at night."""

import json
import os
import signal
from collections import defaultdict
from pathlib import Path
from subprocess import CalledProcessError
from time import monotonic
from typing import Any

import pytest

from tests.support.foreign import create, update
from tests.support.system import System
from tests.support.waiting import wait_for

MISBEHAVING = "tests.support.misbehaving"
LETTERS = int(os.environ.get("LETTERS", "60"))  # by hand: 10000
THINGS = max(LETTERS // 10, 30)


def letters(system: System) -> int:
    return system.count("dead_letters")


def operation(system: System) -> dict[str, Any]:
    return dict(json.loads(system.call("dead", "operations", "--json"))[0])


@pytest.fixture
def failed(system: System) -> System:
    """A component with many letters of one group, whose handler is still broken."""
    system.start("consume", module=MISBEHAVING, MAX_ATTEMPTS="1")
    system.start("relay")
    things = [create() for _ in range(THINGS)]
    sender = system.sender()
    sender.send(things)
    ids = [sent.body["thing_id"] for sent in things]
    sender.send(update(ids[n % THINGS], f"bug, {n}") for n in range(LETTERS))
    wait_for(lambda: letters(system) == LETTERS, "every letter", 120)
    return system


def test_a_group_is_replayed_once_its_cause_is_gone_and_not_before(failed: System) -> None:
    system = failed
    (group,) = json.loads(system.call("dead", "groups", "--json"))
    assert (group["count"], group["type"]) == (LETTERS, "thing.UpdateValue")
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
        values[event.body["thing_id"]].append(int(event.body["value"].removeprefix("bug, ")))
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


def test_three_causes_are_told_apart_and_each_is_dealt_with(system: System, tmp_path: Path) -> None:
    system.start("consume", module=MISBEHAVING, MAX_ATTEMPTS="1")
    system.start("relay")
    things = [create() for _ in range(10)]
    ids = [sent.body["thing_id"] for sent in things]
    wrong = update(ids[0], "seven")
    del wrong.body["value"]
    bugs = [update(ids[n % 10], f"bug, {n}") for n in range(20)]
    odd = [update(thing_id, "unstorable") for thing_id in ids + ids[:6]]
    system.sender().send([*things, wrong, *bugs, *odd])
    wait_for(lambda: letters(system) == 37, "every letter", 60)
    system.stop("consume")
    system.start("consume")  # one bug is mended

    groups = {
        group["count"]: group for group in json.loads(system.call("dead", "groups", "--json"))
    }
    assert groups.keys() == {1, 16, 20}
    system.call("dead", "group", groups[16]["id"], "--hold", "--note", "NUL, ask the shop")
    (letter_id,) = groups[1]["samples"]
    body = json.loads(json.loads(system.call("dead", "show", str(letter_id), "--json"))["body"])
    path = tmp_path / "corrected.json"
    path.write_text(json.dumps({**body, "value": "seven"}))
    system.call("dead", "replay", str(letter_id), "--body", str(path))
    told = system.call("dead", "replay", "--all", "--yes", "--rate", "50")
    assert "done: 20 asked, 20 sent, 20 applied." in told
    rest, corrected = json.loads(system.call("dead", "operations", "--json"))
    assert (rest["applied"], corrected["applied"]) == (20, 1)
    (held,) = json.loads(system.call("dead", "groups", "--json"))
    assert (held["count"], held["on_hold"]) == (16, True)

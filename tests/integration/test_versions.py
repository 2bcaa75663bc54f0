"""After a deploy, with real processes and a real broker: what was sent in version 1 is applied."""

import json
from typing import Any

from tests.support.foreign import Heard, Sent, create, update
from tests.support.system import System
from tests.support.waiting import wait_for

BEFORE = "tests.support.misbehaving"  # the release before: its handler has a bug
TODAY = "tests.support.capitals"  # version 1 has an upcaster, and the newest is version 3


def test_what_waits_in_queue_retries_and_dead_letters_is_applied(system: System) -> None:
    subscriber, sender = system.subscriber(), system.sender()
    things = [create() for _ in range(3)]
    queued, retried, dead = (
        update(sent.body["thing_id"], value)
        for sent, value in zip(things, ("queued", "bug, retried", "bug, dead"), strict=True)
    )
    run_the_release_before(system, [*things, dead], 1, "dead_letters")
    run_the_release_before(system, [retried], 2, "retries")
    sender.send([queued])
    assert places(system) == {"queue": 1, "retries": 1, "dead_letters": 1}

    for role in ("consume", "relay"):
        system.start(role, AGGREGATES=TODAY)
    (letter,) = [json.loads(line) for line in system.call("dead", "list").splitlines()]
    system.call("dead", "replay", str(letter["id"]), AGGREGATES=TODAY)

    for sent in (queued, retried, dead):
        value = sent.body["value"].upper()
        wait_for(lambda sent=sent: len(updates(subscriber.heard, sent)) == 2, f"events of {value}")
        first, second = updates(subscriber.heard, sent)
        assert (first.headers["schema-version"], first.body["value"]) == (1, value)
        assert (second.headers["schema-version"], second.body["content"]) == (2, value)
    wait_for(lambda: not any(places(system).values()), "nothing that waits")
    assert subscriber.of_type("CommandRejected") == []


def run_the_release_before(system: System, commands: list[Sent], attempts: int, table: str) -> None:
    """Have it end its attempts at the last of the commands, which is then in this table."""
    system.start("consume", module=BEFORE, MAX_ATTEMPTS=str(attempts), RETRY_DELAYS="1")
    system.sender().send(commands)
    wait_for(lambda: system.count(table) == 1, f"one of the {table}")
    system.stop("consume")


def places(system: System) -> dict[str, int]:
    """Return how many commands wait, by where."""
    tables: dict[str, Any] = {table: system.count(table) for table in ("retries", "dead_letters")}
    return {"queue": system.waiting(), **tables}


def updates(heard: list[Heard], command: Sent) -> list[Heard]:
    return [
        event
        for event in list(heard)
        if event.type == "thing.Updated" and event.body["command_id"] == command.command_id
    ]

"""Whatever a release left behind, the next one works with, and beside it (P13)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CalledProcessError
from uuid import UUID, uuid4

import pytest

from tests.support.checker import check
from tests.support.foreign import Sent
from tests.support.system import ROOT, System
from tests.support.waiting import wait_for
from tests.upgrades.commands import TABLE, create, update, where_it_is_there
from tests.upgrades.release import RELEASES, Release

pytestmark = where_it_is_there
each_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.commit)
# What was recorded grows old; nothing of it shall be forgotten for that.
KEPT = {"AGGREGATES": "worker.aggregates", "INBOX_RETENTION_DAYS": "36500", "RETRY_DELAYS": "0"}


@pytest.fixture
def make_system(amqp_url: str, tmp_path: Path) -> Iterator[Callable[[str], System]]:
    """Return what makes a component that has declared nothing and migrated nothing yet."""
    systems = []

    def make(database_url: str) -> System:
        systems.append(System(amqp_url, database_url, tmp_path, **KEPT))
        return systems[-1]

    yield make
    for system in systems:
        system.close()


@pytest.fixture
def old(release: Release, tmp_path: Path) -> Path:
    """The folder of an earlier release's own code."""
    if not release.is_in_history:
        pytest.skip(f"{release.commit} is not in this clone: only what it left behind was tried")
    (tmp_path / "old").mkdir()
    return release.check_out(tmp_path / "old")


@each_release
@pytest.mark.parametrize(("kind", "declared_on"), [("sqlite", "3"), ("postgresql", "4")])
def test_what_a_release_left_behind_is_worked_off(
    release: Release,
    kind: str,
    declared_on: str,
    make_system: Callable[[str], System],
    request: pytest.FixtureRequest,
) -> None:
    system = make_system(request.getfixturevalue(f"{kind}_database"))
    release.declare(system, declared_on)
    known = release.left_behind(kind, system)
    subscriber = system.subscriber()
    system.call("migrate")
    before = endings(system)
    unsent = system.count("outbox")
    assert "retrying" in before.values()
    assert unsent
    worker = system.start("run")
    wait_for(lambda: endings(system) == known["expected"], "every command's ending", 60)
    wait_for(lambda: system.count("outbox") == system.count("retries") == 0, "all published")
    newly = [i for i in known["expected"] if before.get(i) != known["expected"][i]]
    # A command that is sent again is known, and what comes now comes after all of its events.
    again, last = Sent(**known["settled"]), create()
    system.sender().send([again, last])
    wait_for(
        lambda: (
            subscriber.of_type("entity.Created")[-1:]
            and last.command_id in [heard.body["command_id"] for heard in list(subscriber.heard)]
        ),
        "the last event",
    )
    heard = [event.body["command_id"] for event in subscriber.all()]
    assert len(heard) == len(set(heard)) == unsent + len(newly) + 1
    assert {*newly, last.command_id} <= set(heard)
    (letter,) = [x for x in letters(system) if x["command_id"] == known["failed"]]
    system.call("dead", "replay", str(letter["id"]))
    wait_for(lambda: endings(system)[known["failed"]] == "applied", "the replayed command")
    assert json.loads(system.call("show", known["entity"]))["value"] == "bug"
    assert worker.code is None


@each_release
def test_a_release_and_the_next_work_side_by_side(
    release: Release, old: Path, make_system: Callable[[str], System], postgresql_database: str
) -> None:
    system = make_system(postgresql_database)
    for command in ("migrate", "declare"):
        system.call(command, root=old)
    system.call("migrate")  # under the old ones' feet
    subscriber = system.subscriber()
    shared = {"PREFETCH_COUNT": "20", "BATCH_SIZE": "10", "LOG_LEVEL": "debug"}
    old_relay = system.start("relay", root=old)
    old_relay.wait_for_log("relaying")
    consumers = [system.start("consume", root=root, **shared) for root in (old, ROOT)]
    for consumer in consumers:
        consumer.wait_for_log("consuming")
    sent = traffic(800)
    system.sender().send(sent[:400])
    wait_for(lambda: subscriber.distinct() > 100, "events by the old relay", 60)
    assert old_relay.stop() == 0, old_relay.log()
    relay = system.start("relay")
    relay.wait_for_log("relaying")
    system.sender().send(sent[400:])
    system.sender().send(sent[::10])
    wait_for(lambda: subscriber.distinct() == len(sent), "all events", 60)
    wait_for(lambda: system.waiting() == system.count("outbox") == 0, "nothing left")
    assert check(system, sent, subscriber.all(), table=TABLE).problems == []
    for process in (*consumers, relay):
        assert process.stop() == 0, process.log()
    for consumer in consumers:
        assert consumer.log().count('"batch"') > 1, "one of the two has done nothing"


@each_release
def test_a_release_goes_on_where_the_next_has_been_taken_back(
    release: Release, old: Path, make_system: Callable[[str], System], postgresql_database: str
) -> None:
    system = make_system(postgresql_database)
    for command in ("migrate", "declare"):
        system.call(command, root=old)
    system.call("migrate")
    subscriber, entity = system.subscriber(), str(uuid4())
    consumer = system.start("consume", module="tests.support.misbehaving")
    sent = [create(entity), update(entity, "bug until 2"), update(entity, "fine")]
    system.sender().send(sent)
    wait_for(lambda: system.count("inbox", "status = 'applied'") == 2, "two applied")
    assert consumer.stop() == 0
    assert system.count("retries") == 1
    for role in ("consume", "relay"):
        system.start(role, root=old)
    late = [update(entity, "later"), create()]
    system.sender().send(late)
    wait_for(lambda: subscriber.distinct() == 5, "the events of all")
    wait_for(lambda: system.count("retries") == 0, "no retry left")
    assert check(system, [*sent, *late], subscriber.all(), table=TABLE).problems == []


@each_release
def test_a_release_that_meets_newer_queues_is_given_its_own_without_loss(
    release: Release, old: Path, make_system: Callable[[str], System], sqlite_database: str
) -> None:
    """As decision 28 tells: the backstop queue, empty, is deleted while nobody works."""
    system = make_system(sqlite_database)
    for command in ("migrate", "declare"):
        system.call(command)
    sent = create()
    system.sender().send([sent])
    backstop = f"{system.queue}.dead"
    with pytest.raises(CalledProcessError) as refusal:
        system.call("declare", root=old)
    assert "x-overflow" in refusal.value.stderr or "x-delivery-limit" in refusal.value.stderr
    assert system.waiting(backstop) == 0
    system.delete_queue(backstop)
    subscriber = system.subscriber()
    system.start("run", root=old)
    wait_for(lambda: subscriber.distinct() == 1, "the event")
    assert subscriber.heard[0].body["command_id"] == sent.command_id


def traffic(number: int) -> list[Sent]:
    entities = [str(uuid4()) for _ in range(10)]
    updates = [update(entities[n % 10], f"value {n}") for n in range(number)]
    return [*map(create, entities), *updates]


def endings(system: System) -> dict[str, str]:
    rows = system.query("SELECT command_id, status FROM inbox")
    return {str(UUID(str(command_id))): str(status) for command_id, status in rows}


def letters(system: System) -> list[dict[str, object]]:
    return [json.loads(line) for line in system.call("dead", "list").splitlines()]

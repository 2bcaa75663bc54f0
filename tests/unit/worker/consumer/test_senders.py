"""Who still sends which version: counted once a command, written now and then."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from persistence.database import Database
from persistence.senders import Seen, Sender, add_senders, seen_senders, senders
from tests.support.component import component
from tests.support.intake import FakeIntake
from tests.support.messages import CREATE, UPDATE, create, message, read, update
from worker.amqp.intake import Delivery
from worker.amqp.wire import ATTEMPT_HEADER
from worker.cli import cli
from worker.consumer.batches import Batches
from worker.consumer.held import Held
from worker.consumer.pace import Pace
from worker.consumer.senders import KNOWN, MAX_NAME, Senders
from worker.runtime.metrics import Metrics


class World:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.component = component(database)
        self.metrics = Metrics()
        self.senders = Senders(database, "tests", self.metrics)

    def hear(self, **properties: Any) -> None:
        self.senders.hear([read(CREATE, create(), **properties)])

    def seen(self) -> list[Seen]:
        self.senders.write()
        return seen_senders(self.database, "tests")

    def counted(self) -> dict[tuple[int, str], int]:
        return {(one.version, one.sender): one.commands for one in self.seen()}


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_sender_is_its_app_id_or_else_its_user_id_or_nameless(world):
    world.hear(app_id="shop", user_id="guest")
    world.hear(user_id="guest")
    world.hear()
    assert world.counted() == {(1, "shop"): 1, (1, "guest"): 1, (1, "(says no name)"): 1}


def test_what_several_processes_count_is_added(world):
    first, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    for commands, at in ((2, first), (3, later)):
        add_senders(world.database, "tests", {Sender(CREATE, 1, "shop"): commands}, at)
    add_senders(world.database, "other", {Sender(CREATE, 1, "shop"): 9}, later)
    assert world.seen() == [Seen(CREATE, 1, "shop", first, later, 5)]


def test_what_was_written_is_not_written_again(world):
    world.hear(app_id="shop")
    world.senders.write()
    world.hear(app_id="shop")
    assert world.counted() == {(1, "shop"): 2}


def test_what_we_send_again_and_what_is_no_command_is_not_counted(world):
    world.hear(app_id="shop", headers={ATTEMPT_HEADER: 2})
    world.senders.hear([read("thing.Odd", {}, app_id="shop")])
    assert world.counted() == {}


def test_a_sender_that_calls_itself_ever_otherwise_fills_no_table(world):
    for number in range(KNOWN + 10):
        world.hear(app_id=f"shop {number}")
    counted = world.counted()
    assert len(counted) == KNOWN + 1
    assert counted[1, "(others)"] == 10


def test_whatever_a_sender_is_called_can_be_stored(world):
    world.hear(app_id="\0" + "ä" * MAX_NAME)
    ((_, name),) = world.counted()
    assert name.startswith("\\x00ää")
    assert len(name.encode()) <= MAX_NAME


def test_what_cannot_be_written_is_kept_for_the_next_time(world):
    world.hear(app_id="shop")
    senders.drop(world.database.engine)
    try:
        with capture_logs() as logs:
            world.senders.write()
    finally:
        senders.create(world.database.engine)
    assert [line["event"] for line in logs] == ["senders were not written yet"]
    assert world.counted() == {(1, "shop"): 1}


def test_it_is_written_when_it_is_time_and_not_before(world):
    world.hear(app_id="shop")
    world.senders.write_if_due()
    assert seen_senders(world.database, "tests") == []
    world.senders._due = 0
    world.senders.write_if_due()
    assert len(seen_senders(world.database, "tests")) == 1


def test_the_metric_has_type_version_and_sender(world):
    world.hear(app_id="shop")
    world.senders.write()
    labels = {"type": CREATE, "version": "1", "sender": "shop", "component": "component"}
    assert (
        world.metrics.registry.get_sample_value("component_commands_by_sender_total", labels) == 1
    )


def test_a_batch_is_heard_once_it_has_been_settled(world):
    intake: Any = FakeIntake()
    sent = [message(CREATE, create(), app_id="shop"), message(UPDATE, update(uuid4()))]
    intake.waiting += [Delivery(n, False, one) for n, one in enumerate(sent, 1)]
    batches = Batches(world.component, intake, Pace(10, 10), Held(), world.senders.hear)
    while batches.unsettled:
        batches.step(300)
    assert world.counted() == {(1, "shop"): 1, (1, "(says no name)"): 1}


@pytest.fixture
def shown(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    url = sqlite.url.render_as_string(hide_password=False)
    for name, value in {"COMPONENT_NAME": "tests", "DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AGGREGATES", "tests.sample.things")
    return SimpleNamespace(world=World(sqlite), call=lambda *a: CliRunner().invoke(cli, a))


def test_programs_are_told_who_sends_what(shown):
    shown.world.hear(app_id="shop")
    shown.world.senders.write()
    (told,) = json.loads(shown.call("catalog", "senders", "--json").output)
    assert told["id"] == "thing.Create/1/shop"
    assert (told["version"], told["commands"]) == (1, 1)
    assert datetime.fromisoformat(told["first_seen"]).tzinfo is not None

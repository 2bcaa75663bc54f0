"""Samples of the component, the plots of them, and live events in short queues."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from persistence.database import Database
from persistence.inbox import inbox
from tests.support.component import component, settings
from tests.support.console import bury, wrong
from tests.support.messages import CREATE, create, message, read
from worker.console.events import BITE, _news
from worker.console.live import KEPT, Listener
from worker.console.plots import plot, sparkline
from worker.console.samples import DAILY, Sample, Samples
from worker.consumer.processor import Processor


def test_a_sample_tells_what_ended_what_was_given_up_and_what_is_away(database: Database):
    url = database.url.render_as_string(hide_password=False)
    samples = Samples(settings(url))
    samples.look()
    Processor(component(database)).apply([read(CREATE, create()) for _ in range(3)])
    bury(database, wrong())
    samples._until = datetime(2000, 1, 1, tzinfo=UTC)
    samples.look()
    last = samples.last
    samples._database.dispose()
    assert last is not None
    assert last.rates["applied"] > 0
    assert last.work is not None
    assert last.work.dead_letters == {"invalid": 1}
    assert last.relay is False
    assert last.broker_error
    assert last.database_error is None


def test_a_sample_tells_how_long_the_oldest_command_waits(database: Database):
    def fail(command: object) -> None:
        raise RuntimeError("a bug")

    samples = Samples(settings(database.url.render_as_string(hide_password=False)))
    samples.look()
    old, new = create(), create()
    Processor(component(database, fail)).apply([read(CREATE, body) for body in (old, new)])
    an_hour_ago = database.now() - timedelta(hours=1)
    change = update(inbox).where(inbox.c.command_id == UUID(old["command_id"]))
    with database.engine.begin() as connection:
        connection.execute(change.values(recorded_at=an_hour_ago))
    samples.look()
    samples._database.dispose()
    before, after = samples.hour
    assert before.oldest_waiting is None
    assert after.oldest_waiting == pytest.approx(3600, abs=60)


def test_a_database_that_is_away_is_a_sample_too(tmp_path):
    samples = Samples(settings(f"sqlite:///{tmp_path}/nowhere/at/all.db"))
    samples.look()
    assert samples.last is not None
    assert samples.last.database_error


def test_the_day_keeps_what_came_between_its_looks(database: Database):
    url = database.url.render_as_string(hide_password=False)
    samples = Samples(settings(url))
    rates = [3.0, *[0.0] * (DAILY - 1)]
    samples.hour.extend(Sample(datetime(2000, 1, 1, tzinfo=UTC), {"applied": r}) for r in rates)
    assert samples.mean() == {"applied": 3.0 / DAILY}


def test_a_plot_has_a_gap_where_nothing_was_seen():
    svg = plot("A & B", {"applied": [1.0, 2.0, None, 4.0]}, 4)
    assert svg.count("<polyline") == 2
    assert "A &amp; B" in svg
    assert "style" not in svg


def test_a_sparkline_shows_what_is_not_none():
    assert sparkline([0, 1, 500]).count("<rect") == 2


def test_a_page_that_is_too_slow_costs_its_own_events_and_is_told():
    listener = Listener()
    for number in range(KEPT + 10):
        listener.hear(message("thing.Created", {"number": number}))
    assert len(listener.events) == KEPT
    news = _news(listener, bodies=True)
    assert len(news["events"]) == BITE
    assert news["missed"] == KEPT + 10 - BITE
    assert news["events"][-1]["body"] == {"number": KEPT + 9}
    assert _news(listener, bodies=True) == {}


def test_only_what_is_of_interest_is_kept_and_bodies_are_for_who_may_see_them():
    wanted = uuid4()
    listener = Listener(types=("thing.Created",), aggregate=wanted)
    for aggregate in (wanted, uuid4()):
        headers = {"aggregate-id": str(aggregate), "secret": "s"}
        listener.hear(message("thing.Created", {"a": 1}, headers=headers))
    (event,) = _news(listener, bodies=False)["events"]
    assert event["body"] is None
    assert event["headers"] == {"aggregate-id": str(wanted)}

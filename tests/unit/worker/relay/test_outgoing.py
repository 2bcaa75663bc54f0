"""What becomes of a bite that the broker takes, refuses, or ends the channel for."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from persistence.exceptions import StorageUnavailable
from persistence.messages import OutgoingMessage, StoredCommand
from persistence.relay_queries import BITE_BYTES, OutboxRow, RetryRow
from tests.support.component import settings
from worker.amqp.publisher import Sending
from worker.exceptions import BrokerUnavailable, Unsendable
from worker.relay import backoff, outgoing
from worker.relay import lane as module
from worker.relay import unwanted as unwanted_module
from worker.relay.backoff import BITE, LONGEST_PAUSE
from worker.relay.lane import OUTAGES, STREAK, Lane
from worker.relay.outgoing import Events, Replies, Retries
from worker.runtime.metrics import Metrics
from worker.runtime.tracing import Tracing

MESSAGE = OutgoingMessage("t", "{}", "m", "c", 0, {})
ROWS_FAULTS = [311, 406, 501, 502, 540, 541]


class FakeSession:
    """An outbox in memory, and what was asked of it."""

    def __init__(self) -> None:
        self.rows: list[OutboxRow] = []
        self.waiting: list[RetryRow] = []
        self.asked: list[int] = []
        self.next_due: float | None = 0.0

    def events(self, limit: int) -> list[OutboxRow]:
        self.asked.append(limit)
        return [row for row in self.rows if row.reply_to is None][:limit]

    def replies(self, limit: int) -> list[OutboxRow]:
        self.asked.append(limit)
        return [row for row in self.rows if row.reply_to is not None][:limit]

    def due(self, limit: int) -> list[RetryRow]:
        self.asked.append(limit)
        return self.waiting[:limit]

    def seconds_to_next_retry(self) -> float | None:
        return self.next_due if self.waiting else None

    def delete_outbox(self, ids: Any) -> None:
        gone = set(ids)
        self.rows = [row for row in self.rows if row.id not in gone]

    def sent_retries(self, ids: Any) -> None:
        gone = set(ids)
        self.waiting = [retry for retry in self.waiting if retry.id not in gone]

    @property
    def left(self) -> list[int]:
        return [row.id for row in [*self.rows, *self.waiting]]


class FakeBroker:
    """A connection on which channels open at once."""

    blocked = False

    def __init__(self) -> None:
        self.is_open = True
        self.lost: BrokerUnavailable | None = None
        self.closed = 0

    def lose(self, error: BrokerUnavailable) -> None:
        self.lost = self.lost or error

    def flush(self) -> None: ...

    def close(self) -> None:
        self.closed += 1


class FakePublisher:
    """Confirms everything when it is told to answer, but nacks or returns what it is told to."""

    latest: "FakePublisher"

    def __init__(self, broker: FakeBroker) -> None:
        FakePublisher.latest = self
        self.ready, self.error, self.overdue = True, None, False
        self.sent: list[Sending] = []

    @property
    def pending(self) -> int:
        return len(self.sent)

    def publish(self, exchange: str, key: str, body: bytes, properties: Any) -> Sending:
        if properties.headers == {"bad": True}:
            raise Unsendable("AMQP cannot carry it")
        self.sent.append(Sending(exchange, key, properties.message_id))
        return self.sent[-1]

    def is_overdue(self) -> bool:
        return self.overdue

    def answer(self, nacks: int = 0, returns: int = 0) -> None:
        """Nack the first few of what was sent; return the last few."""
        for place, sending in enumerate(self.sent):
            sending.nacked = place < nacks
            sending.confirmed = not sending.nacked
            sending.returned = place >= len(self.sent) - returns
        self.sent = []


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


class World:
    """One lane with its session and its connection."""

    def __init__(self, kind: type[Lane[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.main, self.clock = FakeSession(), FakeBroker(), Clock()
        self.brokers: list[FakeBroker] = []
        self.given_up: list[int] = []
        monkeypatch.setattr(module, "Publisher", FakePublisher)
        monkeypatch.setattr(module, "Broker", self._open)
        for part in (module, backoff, unwanted_module):
            monkeypatch.setattr(part, "monotonic", lambda: self.clock.now)

        def give_up(row: Any, reason: str) -> bool:
            self.given_up.append(row.id)
            was_there = row.id in self.session.left
            self.session.delete_outbox([row.id])
            self.session.sent_retries([row.id])
            return was_there

        component: Any = type("Component", (), {"settings": settings(), "tracing": Tracing()})
        self.metrics = Metrics()
        self.lane = kind(component, self.metrics)
        self.lane._give_up = give_up  # type: ignore[method-assign]  # no database here
        self.lane.begin(self.main)  # type: ignore[arg-type]

    def _open(self, *arguments: Any, **options: Any) -> FakeBroker:
        self.brokers.append(FakeBroker())
        return self.brokers[-1]

    def store(self, *rows: Any) -> None:
        kept = self.session.rows if isinstance(rows[0], OutboxRow) else self.session.waiting
        kept.extend(rows)
        self.lane.news()

    def shown(self, name: str) -> float | None:
        """Return what the metrics say of this kind."""
        labels = {"component": "component", "kind": self.lane.kind}
        return self.metrics.registry.get_sample_value(f"component_{name}", labels)

    def turn(self) -> None:
        for _ in range(3):  # a connection, a channel, a bite
            self.lane.turn(self.session)  # type: ignore[arg-type]

    def send(self, **fate: int) -> None:
        """Send a bite, and have the broker answer."""
        self.turn()
        FakePublisher.latest.answer(**fate)
        self.lane.finish(self.session)  # type: ignore[arg-type]

    def end(self, code: int | None) -> None:
        """Send a bite, for which the broker closes the channel."""
        self.turn()
        FakePublisher.latest.error = BrokerUnavailable("the channel is closed", code)
        self.lane.finish(self.session)  # type: ignore[arg-type]

    @property
    def pause(self) -> float:
        return max(0.0, self.lane._backoff.resume_at - self.clock.now)

    def pass_by(self, seconds: float) -> None:
        self.clock.now += seconds


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Lane[Any]]], World]:
    return lambda kind: World(kind, monkeypatch)


@pytest.fixture
def events(world) -> World:
    return world(Events)


@pytest.fixture
def replies(world) -> World:
    return world(Replies)


@pytest.fixture
def retries(world) -> World:
    return world(Retries)


@pytest.fixture(params=[Events, Replies, Retries])
def any_lane(request: pytest.FixtureRequest, world) -> World:
    return world(request.param)


def event(number: int, aggregate: int | None = None, **changes: Any) -> OutboxRow:
    return OutboxRow(number, None, UUID(int=aggregate or number), MESSAGE._replace(**changes))


def reply(number: int, **changes: Any) -> OutboxRow:
    return OutboxRow(number, "sender", None, MESSAGE._replace(**changes))


def retry(number: int, **changes: Any) -> RetryRow:
    return RetryRow(number, StoredCommand(b"{}", dict(changes)))


def rows(world: World, *numbers: int, **changes: Any) -> list[Any]:
    make = {"event": event, "reply": reply, "retry": retry}[world.lane.kind]
    return [make(number, **changes) for number in numbers]


def test_what_is_confirmed_is_deleted(any_lane):
    any_lane.store(*rows(any_lane, 1, 2, 3))
    any_lane.send()
    assert any_lane.session.left == []


def test_nothing_is_deleted_before_the_broker_has_answered(any_lane):
    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.turn()
    assert any_lane.lane.is_waiting
    assert any_lane.session.left == [1, 2]


def test_no_more_is_sent_before_the_broker_has_answered(any_lane):
    any_lane.store(*rows(any_lane, 1))
    any_lane.turn()
    any_lane.store(*rows(any_lane, 2))
    any_lane.turn()
    assert FakePublisher.latest.pending == 1


def test_events_look_for_events_only(events):
    events.store(reply(1), event(2))
    events.send()
    assert events.session.left == [1]


def test_replies_look_for_replies_only(replies):
    replies.store(reply(1), event(2))
    replies.send()
    assert replies.session.left == [2]


@pytest.mark.parametrize(
    ("waiting", "more"),
    [
        ([event(1)], False),
        ([*map(event, range(BITE))], True),
        ([event(1, body="x" * BITE_BYTES)], True),
    ],
    ids=["a few", "many", "a large one"],
)
def test_more_may_wait_behind_what_fills_a_bite(events, waiting, more):
    events.store(*waiting)
    events.send()
    assert (events.lane.wake_at < inf) is more


def test_where_nothing_waits_no_connection_is_opened(replies, retries):
    for world in (replies, retries):
        world.lane.news()
        world.turn()
        assert world.brokers == []


def test_events_use_the_connection_of_the_relay_itself(events):
    events.store(event(1))
    events.send()
    events.lane.leave(events.session)
    assert (events.brokers, events.main.closed) == ([], 0)


@pytest.mark.parametrize("kind", [Replies, Retries])
def test_the_others_have_a_connection_of_their_own_and_close_it(world, kind):
    world = world(kind)
    world.store(*rows(world, 1))
    world.send()
    world.lane.leave(world.session)
    assert [broker.closed for broker in world.brokers] == [1]


def test_a_lane_whose_connection_opens_slowly_asks_the_database_nothing(replies, monkeypatch):
    replies.store(reply(1))
    monkeypatch.setattr(replies, "brokers", brokers := [])
    replies.lane.turn(replies.session)
    brokers[0].is_open = False
    assert [replies.lane.turn(replies.session) for _ in range(3)] == [False] * 3
    assert replies.lane.wake_at == inf


def test_a_refused_event_stays_and_is_tried_again_later(events):
    events.store(event(1), event(2))
    events.send(nacks=1)
    assert events.session.left == [1]
    assert 0 < events.pause < 1


def test_a_refusal_is_said_once_and_its_end_too(events):
    events.store(event(1), event(2))
    with capture_logs() as logs:
        for _ in range(3):
            events.send(nacks=1)
            events.pass_by(10)
        events.send()
    said = [log["event"] for log in logs if log["log_level"] != "debug"]
    assert said == ["the broker refuses messages", "the broker takes messages again"]


def test_pauses_grow_to_some_seconds(retries):
    retries.store(retry(1))
    pauses = []
    for _ in range(10):
        retries.send(nacks=1)
        pauses.append(retries.pause)
        retries.pass_by(10)
    assert pauses[0] < pauses[3] < pauses[6]
    assert max(pauses) <= 1.2 * LONGEST_PAUSE


def test_an_event_behind_a_refused_one_of_its_aggregate_comes_again(events):
    events.store(event(1, 7), event(2, 7), event(3, 8))
    events.send(nacks=1)
    assert events.session.left == [1, 2]


def test_a_refused_reply_is_dropped(replies):
    replies.store(reply(1), reply(2))
    replies.send(nacks=1)
    assert (replies.session.left, replies.pause) == ([], 0)


@pytest.mark.parametrize("fate", ["nacks", "returns"])
def test_a_retry_that_no_queue_takes_stays_and_is_tried_again_later(retries, fate):
    retries.store(retry(1))
    retries.send(**{fate: 1})
    assert retries.session.left == [1]
    assert 0 < retries.pause < 1


def test_a_retry_is_sent_when_it_is_due(retries):
    retries.session.next_due = 5.0
    retries.store(retry(1))
    retries.turn()
    assert not retries.lane.is_waiting
    assert retries.lane.wake_at == pytest.approx(retries.lane._look_at)
    retries.session.next_due = 0.0
    retries.lane.news()
    retries.send()
    assert retries.session.left == []


@pytest.mark.parametrize("kind", [Events, Replies])
def test_what_nobody_takes_is_dropped_and_counted(world, kind):
    world = world(kind)
    world.store(*rows(world, 1, 2))
    world.send(returns=2)
    assert world.session.left == []
    assert world.shown("returned_total") == 2


def unwanted(events: World, times: int, every: float) -> list[Any]:
    with capture_logs() as logs:
        for number in range(times):
            events.store(event(number))
            events.send(returns=1)
            events.pass_by(every)
    return [log for log in logs if "no queue takes" in log["event"]]


def test_events_that_reach_nobody_are_an_error_that_names_the_exchange(events):
    (log,) = unwanted(events, 1, 0)
    assert (log["log_level"], log["target"]) == ("error", "tests.events")


def test_events_that_reach_nobody_are_said_again_each_minute(events):
    logs = unwanted(events, 13, every=10)
    assert [log["messages"] for log in logs] == [1, 6, 6]


def test_after_a_refusal_bites_begin_small_and_grow(events):
    events.store(*map(event, range(10)))
    events.send(nacks=10)
    events.session.asked.clear()
    for _ in range(4):
        events.pass_by(10)
        events.send()
    assert events.session.asked[:4] == [1, 2, 4, 8]


def test_bites_stop_growing(events):
    for number in range(20):
        events.store(event(number))
        events.send()
    assert max(events.session.asked) == BITE


def test_what_amqp_cannot_carry_is_set_aside_at_once(any_lane):
    any_lane.store(*rows(any_lane, 1), *rows(any_lane, 2, headers={"bad": True}))
    any_lane.store(*rows(any_lane, 3))
    any_lane.send()
    any_lane.send()
    assert (any_lane.given_up, any_lane.session.left) == ([2], [])


def test_headers_that_are_no_table_are_no_end_of_the_relay(retries):
    retries.store(retry(1, headers=[1]), retry(2))
    retries.send()
    retries.send()
    assert (retries.given_up, retries.session.left) == ([1], [])


def test_a_retry_with_properties_that_only_a_newer_release_knows_is_sent(retries):
    retries.store(retry(1, colour="red"), retry(2))
    retries.send()
    assert (retries.given_up, retries.session.left) == ([], [])


@pytest.mark.parametrize("code", ROWS_FAULTS)
def test_a_row_that_ends_the_channel_alone_twice_is_set_aside(any_lane, code):
    any_lane.store(*rows(any_lane, 1))
    any_lane.end(code)
    assert any_lane.given_up == []
    any_lane.end(code)
    assert any_lane.given_up == [1]
    assert any_lane.shown("unsendable_total") == 1


def test_a_row_that_ends_the_channel_among_others_is_not_to_blame_yet(any_lane):
    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.end(406)
    any_lane.end(406)
    assert any_lane.given_up == []


def test_after_a_closed_channel_rows_go_one_at_a_time_without_a_pause(any_lane):
    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.end(406)
    any_lane.session.asked.clear()
    any_lane.turn()
    assert any_lane.session.asked == [1]
    assert any_lane.pause == 0


def test_a_row_that_went_well_in_between_is_not_to_blame(any_lane):
    any_lane.store(*rows(any_lane, 1))
    any_lane.end(406)
    any_lane.send()
    any_lane.store(*rows(any_lane, 1))
    any_lane.end(406)
    assert any_lane.given_up == []


@pytest.mark.parametrize("code", sorted(OUTAGES, key=str))
def test_no_row_is_blamed_for_an_outage(any_lane, code):
    any_lane.store(*rows(any_lane, 1))
    for _ in range(5):
        any_lane.end(code)
        any_lane.pass_by(10)
        any_lane.main.lost = None
    assert (any_lane.given_up, any_lane.session.left) == ([], [1])


def test_a_missing_right_is_waited_for_and_said(any_lane):
    any_lane.store(*rows(any_lane, 1))
    with capture_logs() as logs:
        any_lane.end(403)
    assert [log["event"] for log in logs] == ["messages may not be published"]
    assert any_lane.main.lost is None
    assert any_lane.pause > 0


def test_an_exchange_that_is_gone_ends_the_term_so_that_it_is_declared_again(events):
    events.store(event(1))
    events.end(404)
    assert events.main.lost.code == 404


@pytest.mark.parametrize("kind", [Replies, Retries])
def test_a_connection_lost_to_one_lane_costs_the_others_nothing(world, kind):
    world = world(kind)
    world.store(*rows(world, 1))
    world.turn()
    world.brokers[0].lost = BrokerUnavailable("reset by peer")
    world.lane.finish(world.session)
    assert world.main.lost is None
    world.pass_by(10)
    world.send()
    assert (world.session.left, len(world.brokers)) == ([], 2)


def test_a_broker_that_owes_an_answer_for_too_long_is_given_up(any_lane):
    any_lane.store(*rows(any_lane, 1))
    any_lane.turn()
    FakePublisher.latest.overdue = True
    any_lane.lane.finish(any_lane.session)
    used = any_lane.brokers[0] if any_lane.brokers else any_lane.main
    assert "owes an answer" in str(used.lost)


def test_what_was_confirmed_is_kept_when_the_channel_ends(any_lane):
    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.turn()
    FakePublisher.latest.sent[0].confirmed = True
    any_lane.end(406)
    assert any_lane.session.left == [2]


def test_what_was_confirmed_is_kept_when_the_term_ends(any_lane):
    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.turn()
    FakePublisher.latest.sent[0].confirmed = True
    any_lane.lane.leave(any_lane.session)
    assert any_lane.session.left == [2]


def test_a_suspicion_outlives_the_term(events):
    events.store(event(1))
    for _ in range(2):
        events.turn()
        events.main.lost = BrokerUnavailable("internal error", 541)
        events.lane.leave(events.session)
        events.main.lost = None
        events.lane.begin(events.main)
    assert events.given_up == [1]


@pytest.mark.parametrize("kind", [Events, Retries])
def test_where_the_broker_fails_at_all_it_is_sent_little_is_set_aside(world, kind):
    world = world(kind)
    world.store(*rows(world, *range(1, 100)))
    while world.pause == 0:
        world.end(541)
    assert len(world.given_up) == STREAK
    world.pass_by(60)
    world.send()
    assert (world.lane._streak, world.pause) == (0, 0)


@pytest.mark.parametrize("code", [code for code in ROWS_FAULTS if code != 541])
def test_hundreds_of_rows_that_the_broker_finds_wrong_are_each_set_aside_at_once(any_lane, code):
    any_lane.store(*rows(any_lane, *range(300)))
    any_lane.end(code)
    for _ in range(2 * 300):
        any_lane.end(code)
        assert any_lane.pause == 0
    assert (any_lane.given_up, any_lane.session.left) == ([*range(300)], [])


def test_hundreds_of_rows_that_amqp_cannot_carry_are_each_set_aside_at_once(any_lane):
    any_lane.store(*rows(any_lane, *range(300), headers={"bad": True}))
    while any_lane.session.left:
        any_lane.turn()
        assert any_lane.pause == 0
    assert any_lane.given_up == [*range(300)]


def test_replies_that_a_sender_has_spoilt_go_at_once(replies):
    replies.store(*map(reply, range(1, 100)))
    while replies.session.left:
        replies.end(541)
        replies.end(541)
        assert replies.pause == 0


def test_what_was_sent_is_in_the_summary(any_lane):
    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.send()
    with capture_logs() as logs:
        any_lane.metrics.summary.tell()
    assert [log[f"sent_{any_lane.lane.kind}"] for log in logs] == [2]


def test_what_the_broker_has_refused_is_not_in_the_summary(any_lane):
    any_lane.store(*rows(any_lane, 1, 2, 3))
    any_lane.send(nacks=1)
    with capture_logs() as logs:
        any_lane.metrics.summary.tell()
    assert [log[f"sent_{any_lane.lane.kind}"] for log in logs] == [2]


def test_a_row_that_had_gone_when_it_was_to_be_set_aside_does_not_count(any_lane):
    any_lane.store(*rows(any_lane, 1))
    any_lane.end(406)
    any_lane.turn()
    any_lane.session.rows = any_lane.session.waiting = []
    any_lane.end(406)
    assert any_lane.given_up == [1]
    assert any_lane.shown("unsendable_total") == 0


def test_a_database_that_goes_while_rows_are_deleted_ends_the_term_as_that(any_lane):
    def gone(ids: Iterable[int]) -> None:
        list(ids)
        raise StorageUnavailable("gone")

    any_lane.store(*rows(any_lane, 1, 2))
    any_lane.turn()
    FakePublisher.latest.answer()
    any_lane.session.delete_outbox = any_lane.session.sent_retries = gone
    with pytest.raises(StorageUnavailable):
        any_lane.lane.finish(any_lane.session)
    with pytest.raises(StorageUnavailable):
        any_lane.lane.leave(any_lane.session)


def test_connections_that_are_lost_before_anything_is_sent_are_opened_slowly(any_lane):
    for _ in range(2):
        any_lane.lane._lost(any_lane.session, BrokerUnavailable("INTERNAL_ERROR", 541))
    assert any_lane.pause > 0 or any_lane.main.lost


def test_a_retry_that_somebody_is_settling_is_not_sent_again_at_once(retries, monkeypatch):
    monkeypatch.setattr(outgoing, "monotonic", lambda: retries.clock.now)
    retries.session.sent_retries = lambda ids: len(list(ids))
    retries.store(*rows(retries, 1))
    retries.send()
    retries.turn()
    assert not retries.lane.is_waiting
    retries.pass_by(outgoing.SOON + 0.1)
    retries.turn()
    assert retries.lane.is_waiting

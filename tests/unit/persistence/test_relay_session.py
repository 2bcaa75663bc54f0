"""The relay's own session: one that works, news, and deleting what was published."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from persistence import low_water, relay_queries, relay_session
from persistence.database import Database
from persistence.endings import APPLIED, RETRYING
from persistence.exceptions import StorageUnavailable
from persistence.inbox import InboxEntry, inbox
from persistence.messages import OutgoingMessage, StoredCommand
from persistence.outbox import outbox, relay_name
from persistence.relay_session import PURGE_BITE, RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.support.component import rows
from tests.support.waiting import wait_for

COMPONENT = "billing"
MESSAGE = OutgoingMessage("t", "{}", "m", "c", 0, {})


@pytest.fixture
def session(database: Database) -> Iterator[RelaySession]:
    with RelaySession(database, COMPONENT) as session:
        yield session


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """The same database as another process sees it."""
    other = Database(database.url.render_as_string(hide_password=False))
    yield other
    other.dispose()


@pytest.fixture
def second_postgresql(postgresql: Database) -> Iterator[Database]:
    """The same database as another process sees it."""
    second = Database(postgresql.url.render_as_string(hide_password=False))
    yield second
    second.dispose()


def add(database: Database, *due_in: float, messages: int = 0, component: str = COMPONENT) -> None:
    """Store messages, and retries due in so many seconds."""
    with UnitOfWork(database, component) as unit:
        for i in range(messages):
            unit.outbox.add(MESSAGE._replace(message_id=f"{i}"))
        for seconds in due_in:
            due_at = datetime.now(UTC) + timedelta(seconds=seconds)
            unit.retries.add(StoredCommand(f"{seconds}".encode()), due_at)
        unit.commit()


@pytest.mark.parametrize(("megabytes", "read"), [(3, 3), (20, 1)])
def test_no_more_is_read_than_a_bite_holds(database, session, megabytes, read):
    body = "x" * (megabytes * 2**20)
    with UnitOfWork(database, COMPONENT) as unit:
        for _ in range(4):
            unit.outbox.add(MESSAGE._replace(body=body))
            unit.retries.add(StoredCommand(body.encode()), datetime.now(UTC))
        unit.commit()
    assert len(session.events(100)) == len(session.due(100)) == read


def test_the_first_who_asks_works(session):
    assert session.acquire()


def test_another_stands_by(session, other):
    session.acquire()
    with RelaySession(other, COMPONENT) as second:
        assert not second.acquire()


def test_another_works_when_the_first_has_gone(database, other):
    with RelaySession(database, COMPONENT) as first:
        first.acquire()
    with RelaySession(other, COMPONENT) as second:
        wait_for(second.acquire, "the lock is free", 5)


def test_a_relay_of_another_component_works_beside_it(session, other):
    session.acquire()
    with RelaySession(other, "shipping") as second:
        assert second.acquire()


def test_who_stands_by_may_ask_again(session, other):
    with RelaySession(other, COMPONENT) as first:
        first.acquire()
        assert not session.acquire()
    wait_for(session.acquire, "the lock is free", 5)


def test_one_who_lost_its_session_is_not_the_one_any_more(postgresql):
    other = Database(postgresql.url.render_as_string(hide_password=False))
    try:
        with RelaySession(postgresql, COMPONENT) as first, RelaySession(other, COMPONENT) as second:
            first.acquire()
            kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s"
            pid = first._driver_connection().info.backend_pid
            with other.engine.connect() as connection:
                connection.exec_driver_sql(kill, (pid,))
            wait_for(second.acquire, "the lock is free", 5)
            with pytest.raises(StorageUnavailable):
                first.events(1)
    finally:
        other.dispose()


def test_a_relay_that_is_silent_for_long_is_not_the_one_any_more(postgresql, monkeypatch):
    monkeypatch.setattr(relay_session, "SILENCE", 0.5)
    other = Database(postgresql.url.render_as_string(hide_password=False))
    try:
        with RelaySession(postgresql, COMPONENT) as first, RelaySession(other, COMPONENT) as second:
            first.acquire()
            wait_for(second.acquire, "the server has ended the silent session", 10)
            with pytest.raises(StorageUnavailable):
                first.touch()
    finally:
        other.dispose()


def test_a_relay_that_is_heard_of_now_and_then_stays_the_one(
    postgresql, second_postgresql, monkeypatch
):
    monkeypatch.setattr(relay_session, "SILENCE", 1.0)
    with (
        RelaySession(postgresql, COMPONENT) as first,
        RelaySession(second_postgresql, COMPONENT) as second,
    ):
        first.acquire()
        until = monotonic() + 2.5

        def heard() -> bool:
            first.touch()
            return monotonic() > until

        wait_for(heard, "longer than the silence allowed", 10, every=0.2)
        assert not second.acquire()


def add_replies(database: Database, count: int) -> None:
    with UnitOfWork(database, COMPONENT) as unit:
        for i in range(count):
            unit.outbox.add(MESSAGE, reply_to=f"{i}")
        unit.commit()


def test_replies_that_wait_do_not_hide_events(database, session):
    add_replies(database, 3)
    add(database, messages=1)
    assert [row.reply_to for row in session.events(2)] == [None]
    assert [row.reply_to for row in session.replies(2)] == ["0", "1"]


def test_the_lowest_of_what_waits_is_known(database, session):
    assert session.lowest() is None
    add(database, messages=1, component="shipping")
    add_replies(database, 1)
    add(database, messages=1)
    assert session.lowest() == rows(database, outbox)[1]["id"]


def pass_through(session: RelaySession, database: Database, count: int) -> None:
    """Have so many events go through the outbox, a thousand at a time."""
    insert = text(
        "INSERT INTO outbox (component, type, body, message_id, correlation_id, timestamp, headers)"
        f" SELECT '{COMPONENT}', 't', '{{}}', 'm', 'c', 0, '{{}}' FROM generate_series(1, 2000)"
    )
    for _ in range(count // 1000):
        with database.engine.begin() as connection:
            connection.execute(insert)
        for _ in range(2):
            session.delete_outbox([row.id for row in session.events(1000)])


def pages_of_a_look(session: RelaySession, mark: int) -> int:
    query = relay_queries.EVENTS.compile(session._connection)
    parameters = query.construct_params({"component": COMPONENT, "limit": 1000, "mark": mark})
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}"
    (plan,) = session._connection.exec_driver_sql(explain, parameters).scalar_one()
    return plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]


def test_a_look_does_not_grow_with_rows_that_are_dead_but_kept(
    postgresql, second_postgresql, monkeypatch
):
    monkeypatch.setattr(low_water, "FULL_INTERVAL", 1e9)
    with (
        second_postgresql.engine.connect() as connection,
        RelaySession(postgresql, COMPONENT) as session,
    ):
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(
            text("SELECT count(*) FROM outbox")
        )  # from here on nothing is cleaned up
        pass_through(session, postgresql, 50_000)
        everything = pages_of_a_look(session, 0)
        assert everything > 500, "the dead rows are in the way"
        assert pages_of_a_look(session, session._events.value) < everything / 10


def test_an_id_that_is_committed_late_is_seen_at_once(postgresql, second_postgresql, monkeypatch):
    monkeypatch.setattr(low_water, "FULL_INTERVAL", 1e9)
    with (
        RelaySession(postgresql, COMPONENT) as session,
        UnitOfWork(second_postgresql, COMPONENT) as late,
    ):
        session.events(1)  # the look at everything
        late.outbox.add(MESSAGE._replace(message_id="late"))
        late._write()
        pass_through(session, postgresql, 10_000)
        assert session.events(1) == []
        late._session.commit()
        assert [row.message.message_id for row in session.events(1)] == ["late"]
        session.delete_outbox([row.id for row in session.events(1)])
        before = session._events.value
        pass_through(session, postgresql, 10_000)
        assert session._events.value > before + 5000, "the mark goes on"


def test_the_oldest_messages_come_first(database, session):
    add(database, messages=5)
    assert [row.message.message_id for row in session.events(3)] == ["0", "1", "2"]


def test_what_is_deleted_is_gone(database, session):
    add(database, messages=3)
    session.delete_outbox([row.id for row in session.events(2)])
    assert [row["message_id"] for row in rows(database, outbox)] == ["2"]


def test_deleting_nothing_deletes_nothing(database, session):
    add(database, 0, messages=1)
    session.delete_outbox([])
    session.sent_retries([])
    assert [len(rows(database, table)) for table in (outbox, retries)] == [1, 1]


def test_retries_are_due_in_the_order_of_their_times(database, session):
    add(database, -1, -3, -2)
    assert [row.command.body for row in session.due(10)] == [b"-3", b"-2", b"-1"]


def test_retries_whose_time_has_not_come_are_not_due(database, session):
    add(database, -1, 60)
    assert [row.command.body for row in session.due(10)] == [b"-1"]


def test_no_more_retries_are_taken_than_asked_for(database, session):
    add(database, -1, -2, -3)
    assert len(session.due(2)) == 2


def wait_for_attempt(database: Database, attempt: int, sends: int = 0) -> UUID:
    """Store a command that waits for this attempt, and its retry, due now, sent so often before."""
    command_id = uuid4()
    with UnitOfWork(database, COMPONENT) as unit:
        unit.inbox.record(InboxEntry(command_id, "d", RETRYING, attempt, None))
        unit.retries.add(StoredCommand(b"{}"), datetime.now(UTC), command_id, attempt)
        unit.commit()
    with database.engine.begin() as connection:
        connection.execute(retries.update().values(sends=sends))
    return command_id


def test_a_retry_tells_whose_attempt_it_is(database, session):
    command_id = wait_for_attempt(database, 3, sends=2)
    (row,) = session.due(10)
    assert (row.command_id, row.attempt, row.sends) == (command_id, 3, 2)


@pytest.mark.parametrize(
    ("sends", "seconds"), [(0, 10), (1, 20), (2, 40), (8, 2560), (9, 3600), (10, 3600), (99, 3600)]
)
def test_a_retry_that_was_sent_is_due_again_after_a_while(database, session, sends, seconds):
    wait_for_attempt(database, 2, sends)
    before = datetime.now(UTC)
    session.sent_retries(row.id for row in session.due(10))
    (row,) = rows(database, retries)
    after = datetime.now(UTC)
    assert row["sends"] == sends + 1
    assert before <= row["due_at"] - timedelta(seconds=seconds) <= after
    assert session.due(10) == []


def test_only_what_was_sent_is_put_off(database, session):
    sent, other = wait_for_attempt(database, 2), wait_for_attempt(database, 2)
    session.sent_retries(row.id for row in session.due(10) if row.command_id == sent)
    assert [row.command_id for row in session.due(10)] == [other]


def test_a_retry_that_an_older_release_has_written_is_gone_when_it_was_sent(database, session):
    add(database, -1, -2)
    session.sent_retries([session.due(1)[0].id])
    assert [row.command.body for row in session.due(10)] == [b"-1"]


@pytest.mark.parametrize(
    "change",
    [{"status": APPLIED}, {"status": "failed"}, {"attempt": 3}, {"component": "shipping"}],
)
def test_a_retry_that_nobody_waits_for_any_more_is_gone_when_it_was_sent(database, session, change):
    # An older release beside us settles an attempt, and does not know that its row has stayed.
    wait_for_attempt(database, 2)
    with database.engine.begin() as connection:
        connection.execute(inbox.update().values(change))
    session.sent_retries(row.id for row in session.due(10))
    assert rows(database, retries) == []


def test_a_retry_that_is_being_settled_is_not_waited_for(postgresql):
    wait_for_attempt(postgresql, 2)
    with RelaySession(postgresql, COMPONENT) as session, postgresql.engine.begin() as consumer:
        (row,) = session.due(10)
        assert consumer.execute(retries.delete()).rowcount == 1
        session.sent_retries([row.id])  # would else end as a Conflict, after seconds
    assert rows(postgresql, retries) == []


def test_the_time_to_the_next_retry_is_known(database, session):
    add(database, 60, 30, 90)
    assert 25 < session.seconds_to_next_retry() <= 30


def test_a_retry_that_is_overdue_is_due_at_once(database, session):
    add(database, -60)
    assert session.seconds_to_next_retry() < 0


def test_without_retries_there_is_no_next_one(session):
    assert session.seconds_to_next_retry() is None


@pytest.fixture
def listening(postgresql: Database) -> Iterator[RelaySession]:
    with RelaySession(postgresql, COMPONENT) as session:
        session.acquire()
        yield session


def notified(session: RelaySession, database: Database) -> int:
    """Return how often the session was notified until now."""
    with database.engine.begin() as connection:
        connection.execute(select(func.pg_notify(relay_name(COMPONENT), "the end")))
    # Notifications come in the order of the commits: behind this one none is under way.
    payloads = []
    for notification in session._driver_connection().notifies(timeout=10):
        payloads.append(notification.payload)
        if notification.payload == "the end":
            break
    assert payloads.pop() == "the end"
    return len(payloads)


def test_news_can_be_taken_once(listening, postgresql):
    add(postgresql, messages=3)
    wait_for(lambda: listening.take_notifications() == 1, "the notification", 10)
    assert listening.take_notifications() == 0


def test_a_commit_with_messages_is_notified_once(listening, postgresql):
    add(postgresql, messages=3)
    assert notified(listening, postgresql) == 1


def test_a_commit_with_a_retry_is_notified(listening, postgresql):
    add(postgresql, 60)
    assert notified(listening, postgresql) == 1


def test_a_commit_of_another_component_is_not_notified(listening, postgresql):
    add(postgresql, messages=1, component="shipping")
    assert notified(listening, postgresql) == 0


def test_a_commit_without_news_is_not_notified(listening, postgresql):
    with UnitOfWork(postgresql, COMPONENT) as unit:
        unit.inbox.record(InboxEntry(uuid4(), "d", APPLIED, 1, None))
        unit.commit()
    assert notified(listening, postgresql) == 0


def test_there_is_a_descriptor_to_wait_for_where_there_are_notifications(database, session):
    assert (session.fileno() is not None) == database.is_postgresql


def remember(
    database: Database, *ages: float, status: str = APPLIED, component: str = COMPONENT
) -> None:
    """Put commands into the inbox that ended so many days ago."""
    values = [
        {
            "component": component,
            "command_id": uuid4(),
            "digest": f"{age}",
            "status": status,
            "attempt": 1,
            "outcome": None,
            "recorded_at": datetime.now(UTC) - timedelta(days=age),
        }
        for age in ages
    ]
    with database.engine.begin() as connection:
        connection.execute(inbox.insert(), values)


def test_commands_that_ended_long_ago_are_forgotten(database, session):
    remember(database, 29, 31, 400)
    assert session.purge_inbox(days=30) == 2
    assert [row["digest"] for row in rows(database, inbox)] == ["29"]


def test_a_command_that_waits_is_never_forgotten(database, session):
    remember(database, 400, status=RETRYING)
    assert session.purge_inbox(days=30) == 0


def test_commands_are_forgotten_in_small_bites(database, session):
    remember(database, *[31] * (PURGE_BITE + 1))
    assert [session.purge_inbox(days=30), session.purge_inbox(days=30)] == [PURGE_BITE, 1]


def test_an_inbox_that_loses_a_little_is_purged_without_a_doubt(database, session):
    remember(database, 31, 30, 1, 0)
    assert session.why_not_purge(days=30) is None


def test_an_empty_inbox_leaves_no_doubt(session):
    assert session.why_not_purge(days=30) is None


@pytest.mark.parametrize("ages", [(31, 31, 31), (400, 31, 29)])
def test_to_forget_most_of_what_is_remembered_is_doubted_for_a_while(database, session, ages):
    remember(database, *ages)
    doubt = session.why_not_purge(days=30)
    assert doubt is not None
    assert doubt.passes
    assert "older than 30 days" in doubt.reason


def test_what_is_remembered_for_hours_is_forgotten_without_a_doubt(database, session):
    remember(database, 31, 31)
    assert session.why_not_purge(days=0.5) is None


def test_a_command_that_waits_for_long_raises_no_doubt(database, session):
    remember(database, 400, status=RETRYING)
    remember(database, 31, 15, 0)
    assert session.why_not_purge(days=30) is None


def test_clocks_that_disagree_are_a_doubt_that_stays(database, session, monkeypatch):
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=31)

    monkeypatch.setattr("persistence.relay_session.datetime", Ahead)
    doubt = session.why_not_purge(days=0.5)
    assert doubt is not None
    assert not doubt.passes
    assert "31 days" in doubt.reason or "30 days" in doubt.reason


def test_a_clock_of_sqlite_s_that_jumps_is_a_doubt_once(sqlite, monkeypatch):
    ahead = datetime.now(UTC).timestamp() + timedelta(days=31).total_seconds()
    with RelaySession(sqlite, COMPONENT) as session:
        monkeypatch.setattr("persistence.database.time", lambda: ahead)
        assert session.why_not_purge(days=30) is not None


def test_a_clock_of_ours_that_is_ahead_forgets_nothing(postgresql, monkeypatch):
    remember(postgresql, *[0] * 100)
    monkeypatch.setattr("persistence.database.time", lambda: 1e11)
    with RelaySession(postgresql, COMPONENT) as session:
        assert session.purge_inbox(days=30) == 0


def test_a_session_whose_connection_is_gone_says_so_whatever_it_is_asked(listening):
    listening._driver_connection().close()
    for ask in (listening.fileno, listening.take_notifications, lambda: listening.events(1)):
        with pytest.raises(StorageUnavailable):
            ask()


def end(session: RelaySession, database: Database) -> None:
    """Have the server end the session."""
    pid = session._driver_connection().info.backend_pid
    url = database.url.render_as_string(hide_password=False)
    with Database(url) as other, other.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def test_a_session_that_was_ended_says_by_what_however_often_it_is_asked(listening, postgresql):
    end(listening, postgresql)
    said = []
    for ask in (listening.lowest, listening.touch, lambda: listening.delete_outbox([1])):
        with pytest.raises(StorageUnavailable) as error:
            ask()
        said.append(str(error.value))
    assert "terminating connection" in said[0]
    assert said == [said[0]] * 3


def test_a_server_that_ends_the_session_while_it_waits_for_news_is_away(listening, postgresql):
    end(listening, postgresql)
    with pytest.raises(StorageUnavailable):
        wait_for(lambda: listening.take_notifications() < 0, "the end is noticed", 10)


def test_components_that_share_a_database_see_only_their_own_rows(database, other):
    add(database, 0, messages=2)
    add(database, 0, messages=1, component="shipping")
    with RelaySession(database, COMPONENT) as ours, RelaySession(other, "shipping") as theirs:
        assert (len(ours.events(10)), len(ours.due(10))) == (2, 1)
        assert (len(theirs.events(10)), len(theirs.due(10))) == (1, 1)


def test_retries_of_another_component_are_not_waited_for(database, session):
    add(database, 30, component="shipping")
    assert session.seconds_to_next_retry() is None


def test_commands_of_another_component_are_left_to_its_relay(database, session):
    remember(database, 400, component="shipping")
    assert session.purge_inbox(days=30) == 0


def test_a_command_that_another_component_knows_too_is_forgotten_for_one(database, session):
    remember(database, 400)
    (mine,) = rows(database, inbox)
    with database.engine.begin() as connection:
        connection.execute(inbox.insert(), {**mine, "component": "shipping"})
    session.purge_inbox(days=30)
    assert [row["component"] for row in rows(database, inbox)] == ["shipping"]

"""What is committed together: inbox, outbox, retries and dead letters."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import event, exc

from persistence.bulk import MANY
from persistence.database import Database
from persistence.dead_letters import EVERY, MAX_BODY_BYTES, DeadLetterViews, Selection, dead_letters
from persistence.endings import APPLIED, FAILED, REJECTED, RETRYING
from persistence.exceptions import Collision, Conflict, Refused, StorageUnavailable
from persistence.inbox import InboxEntry, inbox
from persistence.messages import DeadLetter, OutgoingMessage, StoredCommand
from persistence.outbox import outbox
from persistence.relay_session import RelaySession
from persistence.retries import retries
from persistence.unit_of_work import UnitOfWork
from tests.support.backends import COMPONENT
from tests.support.component import ping, rows

EVENT = OutgoingMessage(
    type="thing.Created",
    body='{"žluť": 1}',
    message_id="m",
    correlation_id="c",
    timestamp=1_767_323_045,
    headers={"aggregate-version": 1, "odd": "\ttab"},
)
NOW = datetime.now(UTC)


@pytest.fixture
def unit(database: Database) -> Iterator[UnitOfWork]:
    with UnitOfWork(database, COMPONENT) as unit:
        yield unit


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """What the database was asked."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def entry(command_id: UUID, status: str = APPLIED, attempt: int = 1, **other: Any) -> InboxEntry:
    return InboxEntry(command_id, "digest", status, attempt, other.get("outcome"))


def record(database: Database, *entries: InboxEntry) -> None:
    with UnitOfWork(database, COMPONENT) as unit:
        for one in entries:
            unit.inbox.record(one)
        unit.commit()


def test_a_command_nobody_recorded_is_not_known(unit):
    unit.inbox.read([command_id := uuid4()])
    assert unit.inbox.get(command_id) is None


def test_a_recorded_command_is_known_at_once(unit):
    unit.inbox.record(recorded := entry(uuid4()))
    assert unit.inbox.get(recorded.command_id) == recorded


def test_a_recorded_command_is_known_to_later_units(database, unit):
    record(database, recorded := entry(uuid4(), outcome=EVENT))
    unit.inbox.read([recorded.command_id])
    assert unit.inbox.get(recorded.command_id) == recorded._replace(outcome=None)


def test_the_outcome_of_a_known_command_is_read_when_somebody_asks_and_then_once(
    database, unit, statements
):
    record(database, recorded := entry(uuid4(), outcome=EVENT), neighbour := entry(uuid4()))
    unit.inbox.read([recorded.command_id, neighbour.command_id])
    statements.clear()
    outcomes = [unit.inbox.outcome(unit.inbox.get(recorded.command_id)) for _ in range(3)]
    assert outcomes == [EVENT] * 3
    assert len(statements) == 1


def test_the_outcome_of_what_was_recorded_in_this_unit_is_not_read(unit, statements):
    unit.inbox.record(recorded := entry(uuid4(), outcome=EVENT))
    unit.inbox.record(waiting := entry(uuid4(), RETRYING))
    assert [unit.inbox.outcome(one) for one in (recorded, waiting)] == [EVENT, None]
    assert statements == []


@pytest.mark.parametrize("change", [{"status": RETRYING}, {"attempt": 2}, None])
def test_an_outcome_is_only_told_of_an_entry_that_is_still_as_it_was_read(postgresql, change):
    record(postgresql, failed := entry(uuid4(), FAILED, outcome=EVENT))
    with UnitOfWork(postgresql, COMPONENT) as unit:
        unit.inbox.read([failed.command_id])
        with postgresql.engine.begin() as connection:
            connection.execute(inbox.update().values(change) if change else inbox.delete())
        with pytest.raises(Collision):
            unit.inbox.outcome(unit.inbox.get(failed.command_id))


def test_a_known_command_is_replaced(database):
    record(database, waiting := entry(uuid4(), RETRYING, 2))
    with UnitOfWork(database, COMPONENT) as unit:
        unit.inbox.read([waiting.command_id])
        unit.inbox.record(entry(waiting.command_id, APPLIED, 2))
        unit.commit()
    (row,) = rows(database, inbox)
    assert (row["status"], row["attempt"]) == ("applied", 2)


@pytest.mark.parametrize("change", [(RETRYING, 3), (APPLIED, 2), (FAILED, 2), (REJECTED, 2)])
def test_only_who_read_an_entry_as_it_still_is_may_change_it(postgresql, change):
    record(postgresql, waiting := entry(uuid4(), RETRYING, 2), neighbour := entry(uuid4()))
    other = Database(postgresql.url.render_as_string(hide_password=False))
    with UnitOfWork(postgresql, COMPONENT) as slow, UnitOfWork(other, COMPONENT) as fast:
        for unit in (slow, fast):
            unit.inbox.read([waiting.command_id, neighbour.command_id])
        fast.inbox.record(entry(waiting.command_id, *change))
        fast.commit()
        slow.inbox.record(entry(waiting.command_id, APPLIED, 2))
        slow.outbox.add(EVENT)
        with pytest.raises(Collision):
            slow.commit()
    other.dispose()
    assert (change, []) == (
        next((r["status"], r["attempt"]) for r in rows(postgresql, inbox) if r["attempt"] > 1),
        rows(postgresql, outbox),
    )


def test_an_entry_that_was_forgotten_meanwhile_is_not_changed(postgresql):
    record(postgresql, failed := entry(uuid4(), FAILED))
    with UnitOfWork(postgresql, COMPONENT) as unit:
        unit.inbox.read([failed.command_id])
        with postgresql.engine.begin() as connection:
            assert connection.execute(inbox.delete()).rowcount == 1
        unit.inbox.record(entry(failed.command_id, RETRYING, 2))
        with pytest.raises(Collision):
            unit.commit()


def test_a_command_recorded_twice_in_one_unit_is_one_row(database):
    command_id = uuid4()
    record(database, entry(command_id, RETRYING, 2), entry(command_id, APPLIED, 3))
    (row,) = rows(database, inbox)
    assert (row["status"], row["attempt"]) == ("applied", 3)


def test_the_inbox_says_when_it_was_recorded(database):
    before = datetime.now(UTC)
    record(database, entry(uuid4()))
    assert before <= rows(database, inbox)[0]["recorded_at"] <= datetime.now(UTC)


def test_a_status_that_does_not_exist_is_refused(unit):
    unit.inbox.record(entry(uuid4(), "perhaps"))
    with pytest.raises(Refused):
        unit.commit()


def test_two_units_that_record_the_same_command_collide(database, unit):
    unit.inbox.record(recorded := entry(uuid4()))
    record(database, recorded)
    with pytest.raises(Collision):
        unit.commit()


def test_after_a_collision_nothing_is_there(database, unit):
    unit.inbox.record(recorded := entry(uuid4()))
    unit.outbox.add(EVENT)
    record(database, recorded)
    with pytest.raises(Collision):
        unit.commit()
    unit.__exit__(None, None, None)
    assert rows(database, outbox) == []


def test_messages_are_numbered_in_the_order_they_were_added(database, unit):
    for reply_to in ("1", "2", "3"):
        unit.outbox.add(EVENT, reply_to=reply_to)
    unit.commit()
    assert [row["reply_to"] for row in rows(database, outbox)] == ["1", "2", "3"]


def test_a_message_comes_out_as_it_was_added(database, unit):
    aggregate_id = uuid4()
    unit.outbox.add(EVENT, reply_to="sender", aggregate_id=aggregate_id)
    unit.commit()
    with RelaySession(database, COMPONENT) as session:
        (row,) = session.replies(10)
    assert (row.message, row.reply_to, row.aggregate_id) == (EVENT, "sender", aggregate_id)


def test_ids_of_messages_are_not_given_twice(database):
    def add() -> int:
        with UnitOfWork(database, COMPONENT) as unit:
            unit.outbox.add(EVENT)
            unit.commit()
        return rows(database, outbox)[-1]["id"]

    first = add()
    with database.engine.begin() as connection:
        connection.execute(outbox.delete())
    assert add() > first


def test_a_retry_comes_out_as_it_was_added(database, unit):
    command = StoredCommand(b"\x00\xff", {"type": "t", "headers": {"a": 1}})
    unit.retries.add(command, NOW)
    unit.commit()
    with RelaySession(database, COMPONENT) as session:
        assert [row.command for row in session.due(10)] == [command]


def test_the_time_of_a_retry_is_kept_in_utc(database, unit):
    unit.retries.add(StoredCommand(b""), NOW.astimezone(timezone(timedelta(hours=9))))
    unit.commit()
    due_at = rows(database, retries)[0]["due_at"]
    assert (due_at, due_at.utcoffset()) == (NOW, timedelta(0))


def letter(**changes: Any) -> DeadLetter:
    complete = {"kind": "invalid", "reason": "No.", "command": StoredCommand(b"{}"), **changes}
    return DeadLetter(**complete)


def bury(database: Database, *letters: DeadLetter) -> None:
    with UnitOfWork(database, COMPONENT) as unit:
        for one in letters:
            unit.dead_letters.add(one)
        unit.commit()


def test_a_dead_letter_comes_out_as_it_was_added(database):
    command = StoredCommand(b"\x00\xff", {"type": "t"})
    bury(
        database,
        letter(
            command=command,
            command_id=UUID(int=1),
            type="t",
            errors={"a": ["b"]},
            traceback="Traceback",
            attempts=["2026-01-02"],
        ),
    )
    (view,) = DeadLetterViews(database, COMPONENT).newest(EVERY, 10)
    assert (view.kind, view.reason, view.command_id) == ("invalid", "No.", UUID(int=1))
    assert (view.type, view.errors, view.traceback) == ("t", {"a": ["b"]}, "Traceback")
    assert (view.attempts, view.body, view.properties) == (
        ["2026-01-02"],
        b"\x00\xff",
        {"type": "t"},
    )


def test_a_dead_letter_says_when_it_died(database):
    before = datetime.now(UTC)
    bury(database, letter())
    assert (
        before
        <= DeadLetterViews(database, COMPONENT).newest(EVERY, 1)[0].died_at
        <= datetime.now(UTC)
    )


def test_a_large_body_is_cut_and_its_size_kept(database):
    bury(database, letter(command=StoredCommand(b"x" * (MAX_BODY_BYTES + 5))))
    (view,) = DeadLetterViews(database, COMPONENT).newest(EVERY, 10)
    assert (len(view.body), view.body_bytes) == (MAX_BODY_BYTES, MAX_BODY_BYTES + 5)


def test_dead_letters_are_listed_the_newest_first(database):
    bury(database, letter(reason="1"), letter(reason="2"), letter(reason="3"))
    assert [view.reason for view in DeadLetterViews(database, COMPONENT).newest(EVERY, 2)] == [
        "3",
        "2",
    ]


def test_dead_letters_of_one_kind_can_be_listed(database):
    bury(database, letter(kind="crash"), letter(kind="failed"))
    assert [
        view.kind
        for view in DeadLetterViews(database, COMPONENT).newest(Selection(kind="crash"), 9)
    ] == ["crash"]


def test_a_dead_letter_is_found_by_its_number(database):
    bury(database, letter(reason="1"), letter(reason="2"))
    number = rows(database, dead_letters)[0]["id"]
    assert DeadLetterViews(database, COMPONENT).find(number).reason == "1"


def test_an_unknown_number_finds_no_dead_letter(database):
    assert DeadLetterViews(database, COMPONENT).find(4711) is None


@pytest.mark.parametrize("reason", ["\ud800"])
def test_text_that_no_database_can_hold_is_refused(unit, reason):
    unit.dead_letters.add(letter(reason=reason))
    with pytest.raises(Refused):
        unit.commit()


def test_a_number_that_no_database_can_hold_is_refused(unit):
    unit.inbox.record(entry(uuid4(), attempt=2**70))
    with pytest.raises(Refused):
        unit.commit()


@pytest.mark.parametrize("number", [1, MANY])
def test_a_value_that_is_none_of_its_column_is_refused(unit, number):
    for _ in range(number):
        unit.outbox.add(EVENT._replace(headers={"id": uuid4()}))
    with pytest.raises(Refused, match="UUID is not JSON"):
        unit.commit()


def test_everything_is_committed_together(database, unit):
    unit.inbox.record(entry(uuid4()))
    unit.outbox.add(EVENT)
    unit.retries.add(StoredCommand(b""), NOW)
    unit.dead_letters.add(letter())
    unit.commit()
    tables = (inbox, outbox, retries, dead_letters)
    assert [len(rows(database, table)) for table in tables] == [1, 1, 1, 1]


def test_one_refused_row_keeps_everything_else_away(database, unit):
    unit.inbox.record(entry(uuid4()))
    unit.outbox.add(EVENT)
    unit.retries.add(StoredCommand(b""), NOW)
    unit.dead_letters.add(letter(reason="\ud800"))
    with pytest.raises(Refused):
        unit.commit()
    unit.__exit__(None, None, None)
    tables = (inbox, outbox, retries, dead_letters)
    assert [len(rows(database, table)) for table in tables] == [0, 0, 0, 0]


def test_json_in_the_tables_is_json(database, unit):
    unit.outbox.add(EVENT)
    unit.commit()
    assert rows(database, outbox)[0]["headers"] == EVENT.headers


# Several components may share a database


def test_a_command_that_another_component_knows_is_not_known(database):
    record(database, recorded := entry(uuid4()))
    with UnitOfWork(database, "another") as unit:
        unit.inbox.read([recorded.command_id])
        assert unit.inbox.get(recorded.command_id) is None


def test_two_components_may_know_the_same_command(database):
    record(database, recorded := entry(uuid4()))
    with UnitOfWork(database, "another") as unit:
        unit.inbox.record(recorded)
        unit.commit()
    assert {row["component"] for row in rows(database, inbox)} == {COMPONENT, "another"}


def test_a_command_is_replaced_for_its_own_component_only(database):
    record(database, waiting := entry(uuid4(), RETRYING, 2))
    with UnitOfWork(database, "another") as unit:
        unit.inbox.record(waiting)
        unit.commit()
    with UnitOfWork(database, "another") as unit:
        unit.inbox.read([waiting.command_id])
        unit.inbox.record(entry(waiting.command_id, APPLIED, 2))
        unit.commit()
    found = {row["component"]: row["status"] for row in rows(database, inbox)}
    assert found == {COMPONENT: "retrying", "another": "applied"}


def test_dead_letters_of_another_component_are_not_listed(database):
    bury(database, letter())
    assert DeadLetterViews(database, "another").newest(EVERY, 10) == []


def test_a_dead_letter_of_another_component_is_not_found(database):
    bury(database, letter())
    number = rows(database, dead_letters)[0]["id"]
    assert DeadLetterViews(database, "another").find(number) is None


def test_what_is_recorded_has_the_database_s_time(database, monkeypatch):
    told = datetime(2026, 1, 2, tzinfo=UTC)
    monkeypatch.setattr(database, "now", lambda: told)
    with UnitOfWork(database, COMPONENT) as unit:
        unit.inbox.record(InboxEntry(uuid4(), "d", APPLIED, 1, None))
        assert unit.now() == told
        unit.commit()
    assert [row["recorded_at"] for row in rows(database, inbox)] == [told]


def leave(database: Database, monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> None:
    """Leave a unit of work whose session cannot be closed, with an error under way or without."""

    def refuse() -> None:
        cause = psycopg.OperationalError("the connection is lost")
        raise exc.OperationalError("ROLLBACK", {}, cause)

    with UnitOfWork(database, COMPONENT) as unit:
        unit.inbox.read([uuid4()])
        monkeypatch.setattr(unit._session, "close", refuse)
        if error:
            raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Conflict("deadlock")])
def test_what_is_under_way_is_not_hidden_by_a_session_that_cannot_be_closed(
    database, monkeypatch, error
):
    with pytest.raises(type(error)) as seen:
        leave(database, monkeypatch, error)
    assert seen.value is error
    assert ping(database) == 1


def test_a_session_that_cannot_be_closed_is_told_where_nothing_else_is(database, monkeypatch):
    with pytest.raises(StorageUnavailable):
        leave(database, monkeypatch, None)
    assert ping(database) == 1

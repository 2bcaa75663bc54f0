"""Which outbox rows the relay may delete after a round of publishing."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from persistence.messages import OutgoingMessage
from persistence.relay_session import OutboxRow
from worker.relay.outgoing import deletable

A, B = UUID(int=1), UUID(int=2)
MESSAGE = OutgoingMessage("t", "{}", "m", "c", 0, {})


def published(*aggregates: UUID | None) -> dict[int, OutboxRow]:
    """Return rows as they were published: number 1 is the row of id 101, and so on."""
    return {
        number: OutboxRow(100 + number, None, aggregate, MESSAGE)
        for number, aggregate in enumerate(aggregates, start=1)
    }


def test_what_is_confirmed_may_go():
    assert deletable(published(A, A, B), {1, 2, 3}) == [101, 102, 103]


def test_what_is_not_confirmed_stays():
    assert deletable(published(A, B), {2}) == [102]


def test_a_confirmed_row_behind_a_lost_one_of_its_aggregate_stays():
    assert deletable(published(A, A, A), {1, 3}) == [101]


def test_a_lost_row_of_another_aggregate_holds_up_nothing():
    assert deletable(published(A, B, A), {1, 3}) == [101, 103]


def test_rows_of_no_aggregate_hold_each_other_up_for_nothing():
    assert deletable(published(None, None), {2}) == [102]


def test_a_lost_row_of_no_aggregate_holds_up_no_aggregate():
    assert deletable(published(None, A), {2}) == [102]


def test_when_nothing_is_confirmed_nothing_goes():
    assert deletable(published(A, None), set()) == []


def test_confirms_of_other_messages_delete_no_row():
    assert deletable(published(A), {7}) == []


@given(st.lists(st.tuples(st.sampled_from([A, B, None]), st.booleans())))
def test_what_goes_is_confirmed_and_in_each_aggregate_a_beginning(fates):
    rows = published(*(aggregate for aggregate, _ in fates))
    confirmed = {number for number, (_, ok) in enumerate(fates, start=1) if ok}
    gone = set(deletable(rows, confirmed))
    assert gone <= {100 + number for number in confirmed}
    for aggregate in (A, B):
        ids = [row.id for row in rows.values() if row.aggregate_id == aggregate]
        kept = [id for id in ids if id not in gone]
        assert all(id < min(kept, default=10**9) for id in gone & set(ids))


@given(st.lists(st.sampled_from([A, B, None])))
def test_when_everything_is_confirmed_everything_goes(aggregates):
    rows = published(*aggregates)
    assert deletable(rows, set(rows)) == [row.id for row in rows.values()]

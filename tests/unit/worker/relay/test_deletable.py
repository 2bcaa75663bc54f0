"""Which outbox rows the relay may delete after a round of publishing."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from persistence.messages import OutgoingMessage
from persistence.relay_queries import OutboxRow
from worker.amqp.publisher import Sending
from worker.relay.outgoing import deletable

A, B = UUID(int=1), UUID(int=2)
MESSAGE = OutgoingMessage("t", "{}", "m", "c", 0, {})


def published(*aggregates: UUID | None) -> list[OutboxRow]:
    """Return rows as they were published: number 1 is the row of id 101, and so on."""
    return [
        OutboxRow(100 + number, None, aggregate, MESSAGE)
        for number, aggregate in enumerate(aggregates, start=1)
    ]


def gone(rows: list[OutboxRow], confirmed: set[int]) -> list[int]:
    """Return what may be deleted when the broker has confirmed these numbers."""
    sent = []
    for number, row in enumerate(rows, start=1):
        sending = Sending("events", "t", "m")
        sending.confirmed = number in confirmed
        sent.append((row, sending))
    return deletable(sent)


def test_what_is_confirmed_may_go():
    assert gone(published(A, A, B), {1, 2, 3}) == [101, 102, 103]


def test_what_is_not_confirmed_stays():
    assert gone(published(A, B), {2}) == [102]


def test_a_confirmed_row_behind_a_lost_one_of_its_aggregate_stays():
    assert gone(published(A, A, A), {1, 3}) == [101]


def test_a_lost_row_of_another_aggregate_holds_up_nothing():
    assert gone(published(A, B, A), {1, 3}) == [101, 103]


def test_rows_of_no_aggregate_hold_each_other_up_for_nothing():
    assert gone(published(None, None), {2}) == [102]


def test_a_lost_row_of_no_aggregate_holds_up_no_aggregate():
    assert gone(published(None, A), {2}) == [102]


def test_when_nothing_is_confirmed_nothing_goes():
    assert gone(published(A, None), set()) == []


@given(st.lists(st.tuples(st.sampled_from([A, B, None]), st.booleans())))
def test_what_goes_is_confirmed_and_in_each_aggregate_a_beginning(fates):
    rows = published(*(aggregate for aggregate, _ in fates))
    confirmed = {number for number, (_, ok) in enumerate(fates, start=1) if ok}
    deleted = set(gone(rows, confirmed))
    assert deleted <= {100 + number for number in confirmed}
    for aggregate in (A, B):
        ids = [row.id for row in rows if row.aggregate_id == aggregate]
        kept = [id for id in ids if id not in deleted]
        assert all(id < min(kept, default=10**9) for id in deleted & set(ids))


@given(st.lists(st.sampled_from([A, B, None])))
def test_when_everything_is_confirmed_everything_goes(aggregates):
    rows = published(*aggregates)
    everything = set(range(1, len(rows) + 1))
    assert gone(rows, everything) == [row.id for row in rows]

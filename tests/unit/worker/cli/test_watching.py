"""Which events somebody who watches is shown."""

from uuid import UUID, uuid4

import pytest

from tests.support.messages import message
from worker.amqp.wire import Message
from worker.cli.watching import is_of_interest

AGGREGATE = uuid4()


@pytest.fixture
def event() -> Message:
    headers = {"aggregate-id": str(AGGREGATE)}
    return message("thing.Updated", {}, correlation_id="order-7", headers=headers)


def test_whoever_asks_for_nothing_in_particular_is_shown_all(event):
    assert is_of_interest(event, (), None, None)
    assert is_of_interest(message(None, b""), (), None, None)


@pytest.mark.parametrize(
    ("types", "aggregate", "correlation", "shown"),
    [
        (("thing.Updated",), None, None, True),
        (("thing.Created", "thing.Updated"), None, None, True),
        (("thing.Created",), None, None, False),
        ((), AGGREGATE, None, True),
        ((), UUID(int=7), None, False),
        ((), None, "order-7", True),
        ((), None, "order-8", False),
        (("thing.Updated",), AGGREGATE, "order-7", True),
        (("thing.Updated",), AGGREGATE, "order-8", False),
        (("thing.Created",), AGGREGATE, "order-7", False),
    ],
)
def test_events_are_chosen_by_type_aggregate_and_correlation(
    event, types, aggregate, correlation, shown
):
    assert is_of_interest(event, types, aggregate, correlation) == shown


def test_an_event_of_no_aggregate_is_not_of_the_one_asked_for():
    assert not is_of_interest(message("CommandRejected", {}), (), AGGREGATE, None)

"""When the relay looks again; how it publishes is elsewhere."""

from types import SimpleNamespace

import pytest

from persistence.database import Database
from tests.support.component import component
from worker.exceptions import MessagesRefused
from worker.health import Health
from worker.relay import Relay
from worker.stop import StopFlag


def test_news_that_came_with_another_answer_are_not_slept_over(sqlite: Database):
    def step_or_readable(fileno: int, timeout: float) -> bool:
        raise AssertionError("the descriptor will not turn readable again")

    session = SimpleNamespace(
        fileno=lambda: 7,
        seconds_to_next_retry=lambda: None,
        take_notifications=lambda: 1,  # the driver read it together with our answer
    )
    relay = Relay(component(sqlite), StopFlag(1), Health(sqlite, 30))
    relay._outgoing = SimpleNamespace(send=lambda *_, with_retries: False)
    relay._send(session, None)
    relay._wait_for_news(session, SimpleNamespace(step_or_readable=step_or_readable))


def test_a_retry_that_turns_due_does_not_wait_for_what_is_refused(sqlite: Database):
    looked: list[bool] = []

    def send(session: object, publisher: object, *, with_retries: bool) -> bool:
        looked.append(with_retries)
        if len(looked) == 2:
            raise MessagesRefused("1 of 1 messages")
        return False

    relay = Relay(component(sqlite), StopFlag(1), Health(sqlite, 30))
    relay._outgoing = SimpleNamespace(send=send)
    session = SimpleNamespace(seconds_to_next_retry=lambda: None)
    relay._send(session, None)
    with pytest.raises(MessagesRefused):
        relay._send(session, None)
    relay._send(session, None)
    relay._send(session, None)
    assert looked == [True, False, True, False]


@pytest.mark.parametrize("due_in", [-5.0, 0.0])
def test_a_retry_that_no_queue_takes_is_not_sent_without_end(sqlite: Database, due_in):
    seen: list[bool] = []

    def send(session: object, publisher: object, *, with_retries: bool) -> bool:
        seen.append(with_retries)
        return False

    relay = Relay(component(sqlite), StopFlag(1), Health(sqlite, 30))
    relay._outgoing = SimpleNamespace(send=send)
    session = SimpleNamespace(seconds_to_next_retry=lambda: due_in)  # it is still there
    relay._send(session, None)
    relay._send(session, None)
    assert seen == [True, False]


def test_more_retries_than_a_bite_go_at_once(sqlite: Database):
    seen: list[bool] = []

    def send(session: object, publisher: object, *, with_retries: bool) -> bool:
        seen.append(with_retries)
        return True

    relay = Relay(component(sqlite), StopFlag(1), Health(sqlite, 30))
    relay._outgoing = SimpleNamespace(send=send)
    session = SimpleNamespace(seconds_to_next_retry=lambda: -5.0)
    relay._send(session, None)
    relay._send(session, None)
    assert seen == [True, True]

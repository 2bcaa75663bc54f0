"""When the relay looks again; how it publishes is elsewhere."""

from types import SimpleNamespace

from persistence.database import Database
from tests.support.component import component
from worker.health import Health
from worker.relay import Relay
from worker.stop import StopFlag


def test_news_that_came_with_another_answer_are_not_slept_over(sqlite: Database):
    def step_or_readable(fileno: int, timeout: float) -> bool:
        raise AssertionError("the descriptor will not turn readable again")

    session = SimpleNamespace(
        fileno=lambda: 7,
        take_notifications=lambda: 1,  # the driver read it together with our answer
    )
    relay = Relay(component(sqlite), StopFlag(1), Health(sqlite, 30))
    relay._wait_for_news(session, SimpleNamespace(step_or_readable=step_or_readable))

import pytest
from structlog.testing import capture_logs

from worker.runtime import summary as module
from worker.runtime.summary import Summary


class Clock:
    now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", lambda: clock.now)
    return clock


def test_nothing_is_said_within_a_minute(clock):
    summary = Summary()
    with capture_logs() as logs:
        summary.add({"applied": 3}, 0.5)
        clock.now += 59
        summary.tell_in_time()
    assert logs == []


def test_what_was_done_in_a_minute_is_one_line(clock):
    summary = Summary()
    with capture_logs() as logs:
        for _ in range(30):
            summary.add({"applied": 3, "rejected": 1, "failed": 0}, 0.5)
            clock.now += 2
            summary.tell_in_time()
        summary.tell_in_time()
    (line,) = logs
    assert (line["applied"], line["rejected"], line["busy"]) == (90, 30, 15)
    assert (line["seconds"], line["per_second"]) == (60.5, 2.0)
    assert "failed" not in line


def test_the_next_minute_begins_with_the_next_command(clock):
    summary = Summary()
    summary.add({"applied": 1}, 0)
    summary.tell()
    clock.now += 3600
    with capture_logs() as logs:
        summary.add({"applied": 1}, 0)
        summary.tell_in_time()
        clock.now += 60
        summary.tell_in_time()
    assert [line["seconds"] for line in logs] == [60]


def test_where_nothing_was_done_nothing_is_said(clock):
    with capture_logs() as logs:
        Summary().tell()
    assert logs == []

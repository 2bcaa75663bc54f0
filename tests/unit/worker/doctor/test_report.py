"""All findings together: their order, the exit code, and what keeps the doctor from looking."""

from collections.abc import Iterator

import pytest

from persistence.exceptions import StorageUnavailable
from worker.doctor.finding import Finding, ok, unknown, warning, wrong
from worker.doctor.report import Report
from worker.exceptions import BrokerUnavailable

WELL, KNOW = ok("work", "Well."), warning("work", "Look.", "So.")
ILL, UNSEEN = wrong("work", "Ill.", "So."), unknown("work", "Dark.", "So.")


@pytest.mark.parametrize(
    ("findings", "code"),
    [([WELL], 0), ([WELL, KNOW], 0), ([KNOW, UNSEEN], 2), ([UNSEEN, ILL, WELL], 1)],
)
def test_the_exit_code_is_that_of_the_worst(findings, code):
    report = Report()
    report.take("work", findings)
    assert report.exit_code == code


def test_findings_are_shown_in_the_order_of_their_subjects():
    report = Report()
    for subject in ("work", "settings", "database"):
        report.take(subject, [ok(subject, "Well.")])
    assert [f.subject for f in report.findings] == ["settings", "database", "work"]


@pytest.mark.parametrize("error", [StorageUnavailable("it ended"), BrokerUnavailable("it ended")])
def test_what_is_lost_on_the_way_is_said_beside_what_was_seen(error):
    def look() -> Iterator[Finding]:
        yield WELL
        raise error

    report = Report()
    report.take("work", look())
    assert [f.sentence for f in report.findings] == [
        "Well.",
        "It could not be looked at further: it ended.",
    ]
    assert report.exit_code == 2


def test_a_bug_of_the_doctor_hides_nothing_of_the_rest():
    report = Report()
    report.take("work", (1 // 0 for _ in range(1)))
    report.take("settings", [ok("settings", "Well.")])
    settings, work = report.findings
    assert settings.sentence == "Well."
    assert "ZeroDivisionError" in work.sentence
    assert report.exit_code == 2

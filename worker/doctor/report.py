"""All findings together, and how the process that looked should end."""

from collections.abc import Iterable

import structlog

from persistence.exceptions import PersistenceError
from worker.amqp.declarations import Declaration
from worker.doctor.finding import SUBJECTS, UNKNOWN, WRONG, Finding, unknown
from worker.exceptions import BrokerUnavailable, NotAnswered

log = structlog.get_logger()


class Report:
    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self.missing: list[Declaration] = []  # what is declared nowhere

    @property
    def findings(self) -> list[Finding]:
        """The findings, in the order of their subjects."""
        return sorted(self._findings, key=lambda finding: SUBJECTS.index(finding.subject))

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when something is wrong, 2 when something could not be seen."""
        states = {finding.state for finding in self._findings}
        return 1 if WRONG in states else 2 if UNKNOWN in states else 0

    def take(self, subject: str, findings: Iterable[Finding]) -> None:
        """Add them as they are found; what keeps us from looking further is a finding, too."""
        try:
            for finding in findings:
                self._findings.append(finding)
        except (BrokerUnavailable, NotAnswered, PersistenceError) as error:
            self._stopped(subject, str(error), "Run it again; if it stays, see that server's log.")
        except Exception as error:
            # Whoever is woken at night shall see the rest all the same.
            log.debug("a look of the doctor failed", exc_info=True)
            what = f"{type(error).__name__}: {error}"
            self._stopped(subject, what, "This is a bug of ours: LOG_LEVEL=debug shows where.")

    def _stopped(self, subject: str, what: str, way_out: str) -> None:
        sentence = f"It could not be looked at further: {what.rstrip('.')}."
        self._findings.append(unknown(subject, sentence, way_out))

"""All released contracts against the one at hand."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from worker.compatibility.accepted import Accepted
from worker.compatibility.comparison import Finding, findings
from worker.compatibility.rules import ERROR, WARNING
from worker.exceptions import ContractError

Said = dict[str, Any]
LEVELS = (ERROR, WARNING)


class Report(NamedTuple):
    """`broken`: what fails the check; `told`: what is good to know."""

    broken: list[str]
    told: list[str]


def read_released(paths: Iterable[Path]) -> dict[str, Said]:
    """Return the documents by the name of their file, which is that of the release.

    Raises `ContractError` where a file is none that `worker catalog` has written.
    """
    return {path.name: _read(path) for path in paths}


def _read(path: Path) -> Said:
    try:
        document: Said = json.loads(path.read_text())
        if document["asyncapi"].startswith("3."):
            return document
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    raise ContractError(f"{path} is no AsyncAPI 3 document that `worker catalog` has written.")


def check(
    now: Said, released: dict[str, Said], accepted: Sequence[Accepted], today: date
) -> Report:
    """Return who breaks, a sentence each, and which exceptions are no longer good."""
    found: dict[Finding, list[str]] = {}
    for release, document in released.items():
        for finding in findings(document, now):
            found.setdefault(finding, []).append(release)
    broken: list[str] = []
    told: list[str] = []
    for finding, releases in sorted(found.items(), key=_by_level):
        exception = _exception(finding, accepted, today)
        sentence = f"{finding.sentence()} Since {', '.join(releases)}."
        if exception:
            told.append(f"accepted until {exception.until} ({exception.reason}): {sentence}")
        else:
            (broken if finding.rule.level == ERROR else told).append(sentence)
    return Report(broken, [*told, *_unused(accepted, found, today)])


def _by_level(entry: tuple[Finding, list[str]]) -> tuple[int, str]:
    finding, _ = entry
    level = finding.rule.level
    return LEVELS.index(level) if level in LEVELS else len(LEVELS), finding.where


def _exception(finding: Finding, accepted: Sequence[Accepted], today: date) -> Accepted | None:
    return next((one for one in accepted if _is_of(one, finding) and today <= one.until), None)


def _is_of(accepted: Accepted, finding: Finding) -> bool:
    return (accepted.rule, accepted.where) == (finding.rule.id, finding.where)


def _unused(accepted: Sequence[Accepted], found: Iterable[Finding], today: date) -> Iterator[str]:
    for one in accepted:
        if today > one.until:
            yield (
                f"warning: the exception for {one.rule} at {one.where} ended on {one.until}:"
                " decide anew, or remove the releases from contract/ that nobody uses any more."
            )
        elif not any(_is_of(one, finding) for finding in found):
            yield f"warning: the exception for {one.rule} at {one.where} excuses nothing."

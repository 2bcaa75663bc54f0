"""Dead letters: a page of them, and all that is known of one."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from starlette.responses import Response, StreamingResponse

from persistence.dead_letters import DeadLetterView, DeadLetterViews
from persistence.dead_letters.groups import Groups
from worker.console.filters import Filters
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES, PURGE, REPLAY, SEND
from worker.console.visit import Visit
from worker.dead.lines import to_line

PAGE = 100
_OF_SENDERS = "body", "properties", "errors", "traceback"


def letters(visit: Visit) -> Response:
    filters = Filters(visit)
    views = _views(visit)
    before = visit.number("before", least=1)
    page = views.newest(filters.selection, PAGE + 1, before)
    items = [_content(visit, letter) for letter in page[:PAGE]]
    found: dict[str, Any] = {
        "letters": items,
        "count": views.count(filters.selection),
        "more": len(page) > PAGE,
    }
    if visit.as_json:
        return visit.answer("letters.html", **found)
    group = Groups(visit.desk.reader, visit.desk.name).find(filters["group"] or "-")
    may = {"replay": visit.may(REPLAY), "purge": visit.may(PURGE)}
    return visit.answer("letters.html", **found, filters=filters, group=group, may=may)


def letter(visit: Visit) -> Response:
    found = find(visit)
    may = {"replay": visit.may(REPLAY), "correct": may_correct(visit), "bodies": visit.may(BODIES)}
    return visit.answer("letter.html", letter=_content(visit, found), may=may, error=None)


def find(visit: Visit) -> DeadLetterView:
    found = _views(visit).find(visit.id())
    if found is None:
        raise Refusal(404, f"There is no dead letter {visit.id()} (any more).")
    return found


def may_correct(visit: Visit) -> bool:
    """A corrected body is a command of one's own, made of another's body."""
    return all(map(visit.may, (REPLAY, BODIES, SEND)))


def export(visit: Visit) -> Response:
    """Give the letters as JSON lines, as `dead export` does."""
    visit.require(BODIES)
    filters = Filters(visit)
    visit.record("dead export", filters.selection.described())

    def lines() -> Iterator[str]:
        for found in _views(visit).walk(filters.selection):
            yield f"{to_line(found)}\n"

    disposition = {"Content-Disposition": 'attachment; filename="dead-letters.jsonl"'}
    return StreamingResponse(lines(), media_type="application/jsonl", headers=disposition)


def _content(visit: Visit, letter: DeadLetterView) -> dict[str, Any]:
    """Return what this visitor may know of the letter."""
    values = asdict(letter)
    values["group"] = values.pop("fingerprint")
    values["body"] = letter.body.decode(errors="backslashreplace")
    values["is_whole"] = letter.is_whole
    if not visit.may(BODIES):
        values |= dict.fromkeys(_OF_SENDERS)
    return values


def _views(visit: Visit) -> DeadLetterViews:
    return DeadLetterViews(visit.desk.reader, visit.desk.name)

"""Commands that wait for a retry."""

from typing import Any
from uuid import UUID

from starlette.responses import Response

from persistence.waiting import Waiting
from worker.console.refusals import Refusal
from worker.console.tokens import PURGE, REPLAY
from worker.console.visit import Visit
from worker.consumer.waiting import cancel, described

PAGE = 100
TYPED = 100  # commands above which the number is typed


def waiting(visit: Visit) -> Response:
    type, skip = visit.get("type"), visit.number("skip") or 0
    queue = Waiting(visit.desk.reader, visit.desk.name)
    rows = queue.soonest(PAGE, type, skip=skip)
    commands = [described(visit.desk.component, row) for row in rows]
    found: dict[str, Any] = {"commands": commands, "count": queue.count(type), "skip": skip}
    if visit.as_json:
        return visit.answer("waiting.html", **found)
    may = {"now": visit.may(REPLAY), "cancel": visit.may(PURGE)}
    next = skip + PAGE if len(rows) == PAGE else None
    return visit.answer("waiting.html", **found, next=next, type=type or "", may=may, typed=TYPED)


def now(visit: Visit) -> Response:
    """Have commands sent again at once."""
    ids = _asked_for(visit, "now")
    hurried = Waiting(visit.desk.component.database, visit.desk.name).hurry(ids)
    return visit.done("/waiting", hurried=len(hurried))


def give_up(visit: Visit) -> Response:
    """End commands as failed: each becomes a dead letter, and its sender hears of it."""
    ids = _asked_for(visit, "cancel")
    cancelled = sum(cancel(visit.desk.component, command_id) for command_id in ids)
    return visit.done("/waiting", cancelled=cancelled)


def _asked_for(visit: Visit, verb: str) -> list[UUID]:
    """Return which commands are meant, once somebody stands by it and it is written down."""
    try:
        ids = [UUID(text) for text in visit.all("id")]
    except ValueError as error:
        raise Refusal(422, "The id of a command is a UUID.") from error
    if bool(ids) == bool(visit.get("all")):
        raise Refusal(422, "Choose some of them, or all.")
    parameters: dict[str, object] = {"ids": [str(command_id) for command_id in ids]}
    if not ids:
        type = visit.get("type")
        ids = Waiting(visit.desk.component.database, visit.desk.name).ids(type)
        parameters = {"type": type, "commands": len(ids)}
        if visit.number("count") != len(ids):
            raise Refusal(409, f"{len(ids)} of them wait by now: look at them again.")
        if len(ids) > TYPED and visit.number("typed") != len(ids):
            raise Refusal(409, f"Type the number {len(ids)} to do this.")
    visit.record(f"waiting {verb}", parameters)
    return ids

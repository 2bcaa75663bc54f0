"""One aggregate: what the query side sees of it, and what was given up."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from starlette.responses import Response

from domain.exceptions import NotFound
from persistence.dead_letters import DeadLetterViews, Selection
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES
from worker.console.visit import Visit

LETTERS = 20


def aggregate(visit: Visit) -> Response:
    types = sorted(kind.name for kind in visit.desk.component.aggregates)
    type, text = visit.get("type") or types[0], visit.get("id")
    found: dict[str, Any] = {"types": types, "type": type, "id": text, "view": None, "letters": []}
    if text is None:
        return visit.answer("aggregate.html", **found)
    visit.require(BODIES)
    if type not in types:
        raise Refusal(422, f"There is no type of this name, but {', '.join(types)}.")
    aggregate_id = _uuid(text)
    views = DeadLetterViews(visit.desk.reader, visit.desk.name)
    letters = views.newest(Selection(aggregate=aggregate_id), LETTERS)
    found["letters"] = [
        {"id": one.id, "kind": one.kind, "type": one.type, "reason": one.reason} for one in letters
    ]
    return visit.answer("aggregate.html", **{**found, "view": _view(visit, type, aggregate_id)})


def _view(visit: Visit, type: str, aggregate_id: UUID) -> dict[str, Any] | None:
    with visit.desk.component.read_database() as database:
        try:
            view = visit.desk.component.queries(type, database).get(aggregate_id)
        except NotFound:
            return None
    return {f.name: getattr(view, f.name) for f in fields(view)}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Refusal(422, "The id of an aggregate is a UUID.") from error

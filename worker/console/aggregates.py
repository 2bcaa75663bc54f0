"""One aggregate: what the query side sees of it, and what happened to it as far as that is kept."""

import json
from dataclasses import fields
from typing import Any
from uuid import UUID

from starlette.responses import Response

from domain.exceptions import NotFound
from persistence.dead_letters import DeadLetterViews, Selection
from persistence.history import KnownEvent, known_events
from persistence.waiting import Waiting
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES
from worker.console.visit import Visit
from worker.consumer.waiting import described

OF_EVERY = "event_id", "command_id", "timestamp"  # fields that say nothing of this event
SHOWN = 50  # of its events, its dead letters, its commands that wait


def aggregate(visit: Visit) -> Response:
    types = sorted(kind.name for kind in visit.desk.component.aggregates)
    type, text = visit.get("type") or types[0], visit.get("id")
    found: dict[str, Any] = {"types": types, "type": type, "id": text, "view": None}
    if text is None:
        return visit.answer("aggregate.html", **found)
    visit.require(BODIES)
    if type not in types:
        raise Refusal(422, f"There is no type of this name, but {', '.join(types)}.")
    try:
        aggregate_id = UUID(text)
    except ValueError as error:
        raise Refusal(422, "The id of an aggregate is a UUID.") from error
    found["view"] = _view(visit, type, aggregate_id)
    found |= _happened(visit, aggregate_id)
    if visit.as_json:
        return visit.answer("aggregate.html", **found)
    return visit.answer("aggregate.html", **found, quiet=OF_EVERY)


def _view(visit: Visit, type: str, aggregate_id: UUID) -> dict[str, Any] | None:
    with visit.desk.component.read_database() as database:
        try:
            view = visit.desk.component.queries(type, database).get(aggregate_id)
        except NotFound:
            return None
    return {f.name: getattr(view, f.name) for f in fields(view)}


def _happened(visit: Visit, aggregate_id: UUID) -> dict[str, Any]:
    database, name, component = visit.desk.reader, visit.desk.name, visit.desk.component
    letters = DeadLetterViews(database, name).newest(Selection(aggregate=aggregate_id), SHOWN)
    waiting = Waiting(database, name).naming(aggregate_id, SHOWN)
    return {
        "events": [_event(e) for e in known_events(database, name, aggregate_id, SHOWN)],
        "letters": [
            {"id": one.id, "kind": one.kind, "type": one.type, "reason": one.reason}
            for one in letters
        ],
        "waiting": [described(component, row) for row in waiting],
    }


def _event(known: KnownEvent) -> dict[str, Any]:
    message = known.message
    return {
        "type": message.type,
        "version": message.headers.get("aggregate-version"),
        "body": json.loads(message.body),
        "caused_by": message.headers.get("causation-id"),
        "at": known.at,
        "is_waiting": known.is_waiting,
    }

"""The page of live events, and what it is sent."""

from asyncio import sleep
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sse_starlette import EventSourceResponse
from starlette.responses import Response

from worker.amqp.wire import Message
from worker.cli.watching import content_of
from worker.console.live import Listener, Live
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES
from worker.console.visit import Visit
from worker.runtime.showing import json_text

PAUSE = 0.5  # seconds between two bites for a page
BITE = 50  # events at a time: nobody reads more


def events(visit: Visit) -> Response:
    names = ("type", "aggregate", "correlation")
    given = {name: visit.get(name) or "" for name in names}
    return visit.answer("events.html", given=given)


def stream(visit: Visit) -> Response:
    listener = _listener(visit)
    if not visit.desk.live.join(listener):
        raise Refusal(503, "Too many pages look at events.")
    return EventSourceResponse(_bites(visit.desk.live, listener, bodies=visit.may(BODIES)))


async def _bites(live: Live, listener: Listener, *, bodies: bool) -> AsyncIterator[dict[str, str]]:
    try:
        while not live.is_closed:
            if news := _news(listener, bodies=bodies):
                yield {"data": json_text(news)}
            await sleep(PAUSE)
    finally:
        live.leave(listener)


def _news(listener: Listener, *, bodies: bool) -> dict[str, Any]:
    """Return the latest events and how many there were besides, and what is wrong."""
    waiting = len(listener.events)
    taken = [listener.events.popleft() for _ in range(waiting)]
    missed, listener.missed = listener.missed + max(0, waiting - BITE), 0
    shown = [_shown(event, bodies=bodies) for event in taken[-BITE:]]
    if not (shown or listener.trouble):
        return {}
    return {"events": shown, "missed": missed, "trouble": listener.trouble}


def _shown(event: Message, *, bodies: bool) -> dict[str, Any]:
    content = content_of(event)
    if not bodies:
        known = ("aggregate-type", "aggregate-id", "aggregate-version", "causation-id")
        headers = {n: v for n, v in content["headers"].items() if n in known}
        content |= {"body": None, "headers": headers}
    return content


def _listener(visit: Visit) -> Listener:
    aggregate = visit.get("aggregate")
    try:
        aggregate_id = UUID(aggregate) if aggregate else None
    except ValueError as error:
        raise Refusal(422, "The id of an aggregate is a UUID.") from error
    return Listener(tuple(visit.all("type")), aggregate_id, visit.get("correlation"))

"""The addresses of the console, and the role that each needs."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from worker.console import (
    aggregates,
    catalogue,
    events,
    groups,
    letters,
    login,
    operations,
    overview,
    replaying,
    sending,
    waiting,
)
from worker.console.desk import Desk
from worker.console.guard import Guard
from worker.console.pages import FOLDER
from worker.console.refusals import Refusal, refusal
from worker.console.tokens import PURGE, READ, REPLAY, SEND
from worker.console.visit import JSON, Visit, sent_fields
from worker.runtime.showing import json_text

Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]

PAGES: dict[str, tuple[str, Handler]] = {
    "/": (READ, overview.overview),
    "/groups": (READ, groups.groups),
    "/letters": (READ, letters.letters),
    "/letters/export": (READ, letters.export),
    "/letters/chosen": (READ, replaying.chosen),
    "/letters/{id:int}": (READ, letters.letter),
    "/operations": (READ, operations.operations),
    "/operations/{id:int}": (READ, operations.operation),
    "/waiting": (READ, waiting.waiting),
    "/events": (READ, events.events),
    "/events/stream": (READ, events.stream),
    "/aggregate": (READ, aggregates.aggregate),
    "/send": (READ, sending.form),
    "/catalogue": (READ, catalogue.catalogue),
    "/audit": (READ, operations.audit),
}
ACTIONS: dict[str, tuple[str, Handler]] = {
    "/groups/{id}": (REPLAY, groups.say),
    "/letters/replay": (REPLAY, replaying.replay),
    "/letters/purge": (PURGE, replaying.purge),
    "/letters/{id:int}/replay": (REPLAY, replaying.replay_letter),
    "/letters/{id:int}/correct": (REPLAY, replaying.correct),
    "/operations/{id:int}/stop": (REPLAY, operations.stop),
    "/waiting/now": (REPLAY, waiting.now),
    "/waiting/cancel": (PURGE, waiting.give_up),
    "/send": (SEND, sending.send),
}


def make_app(desk: Desk) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        desk.samples.start()
        yield
        await run_in_threadpool(desk.close)

    routes = [
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
        Route("/login", login.page, methods=["GET"]),
        Route("/login", login.enter(desk), methods=["POST"]),
        Route("/logout", login.leave(desk), methods=["POST"]),
        *(Route(p, _endpoint(desk, *page), methods=["GET"]) for p, page in PAGES.items()),
        *(Route(p, _endpoint(desk, *action), methods=["POST"]) for p, action in ACTIONS.items()),
    ]
    guard = Middleware(Guard, settings=desk.console)
    return Starlette(routes=routes, middleware=[guard], lifespan=lifespan)


def _endpoint(desk: Desk, role: str, handler: Handler) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            sent = await sent_fields(request) if request.method == "POST" else []
            visit = Visit(desk, request, sent)
            visit.require(role)
            visit.require_text()
            return await run_in_threadpool(handler, visit)
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            return await run_in_threadpool(_sorry, desk, request, refused)

    return endpoint


def _sorry(desk: Desk, request: Request, refused: Refusal) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        visit = Visit(desk, request, [])
        return visit.answer("sorry.html", refused.status, error=str(refused))
    said = {"error": str(refused), **({"errors": refused.errors} if refused.errors else {})}
    return Response(json_text(said), refused.status, media_type=JSON)

"""The page that asks a person for the token, which the browser keeps from then on."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from worker.console import pages
from worker.console.desk import Desk
from worker.console.guard import cookie_name
from worker.console.refusals import Refusal
from worker.console.tokens import visitor
from worker.console.visit import sent_fields

Endpoint = Callable[[Request], Awaitable[Response]]


async def page(request: Request) -> Response:
    return _page(None)


def enter(desk: Desk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            secret = dict(await sent_fields(request)).get("token", "").strip()
        except Refusal:
            secret = ""
        if visitor(desk.console.tokens, secret) is None:
            return _page("Nobody has this token (any more).", 403)
        answer = RedirectResponse("/", 303)
        is_secure = request.headers.get("origin", "").startswith("https:")
        answer.set_cookie(
            cookie_name(desk.console), secret, httponly=True, samesite="strict", secure=is_secure
        )
        return answer

    return endpoint


def leave(desk: Desk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(cookie_name(desk.console), httponly=True, samesite="strict")
        return answer

    return endpoint


def _page(error: str | None, status: int = 200) -> Response:
    return Response(pages.render("login.html", error=error), status, media_type="text/html")

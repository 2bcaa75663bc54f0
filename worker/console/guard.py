"""Lets in who may come, before any page is made: hosts, other sites, tokens."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.console.settings import ConsoleSettings, is_loopback
from worker.console.tokens import ALL, Visitor, visitor

SAFE = {"GET", "HEAD"}
OPEN = {"/login"}  # and what is in /static/
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def cookie_name(settings: ConsoleSettings) -> str:
    """Return a name of this console's own: cookies are shared by all ports of a host."""
    return f"console-{settings.port}"


class Guard:
    """Refuses what comes from elsewhere or from nobody; says who asks as `state.visitor`."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, is_safe = Headers(scope=scope), scope["method"] in SAFE
        if not self._is_our_host(headers.get("host", "")):
            return _refuse(400, "This console does not go by that host name.")
        if _is_foreign(headers, is_safe=is_safe):
            return _refuse(403, "The request comes from another site.")
        path: str = scope["path"]
        if path in OPEN or path.startswith("/static/"):
            return None
        found = self._visitor(headers)
        if found is None:
            wants_page = is_safe and "text/html" in headers.get("accept", "")
            sentence = "A token is needed: `Authorization: Bearer …`, or log in at /login."
            return RedirectResponse("/login", 303) if wants_page else _refuse(401, sentence)
        scope.setdefault("state", {})["visitor"] = found
        return None

    def _is_our_host(self, host: str) -> bool:
        """Tell so where all names are known: on loopback, for which a foreign name may resolve."""
        if not is_loopback(self._settings.host):
            return bool(host)
        name, _, port = host.rpartition(":")
        return is_loopback(name.strip("[]")) and port == str(self._settings.port)

    def _visitor(self, headers: Headers) -> Visitor | None:
        if not self._settings.tokens:
            return Visitor(None, ALL)
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if not secret:
            secret = _cookie(headers, cookie_name(self._settings))
        elif scheme.lower() != "bearer":
            return None
        return visitor(self._settings.tokens, secret.strip()) if secret else None


def _is_foreign(headers: Headers, *, is_safe: bool) -> bool:
    """Tell whether another site has sent somebody's browser here; links to our pages are fine."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    own = f"//{headers['host']}"
    if is_safe:
        is_link = headers.get("sec-fetch-mode") == "navigate"
        return (site not in ("same-origin", "none") and not is_link) or (
            origin is not None and origin.partition(":")[2] != own
        )
    if origin is None:  # no browser: one that has a cookie or is on this machine would say so
        return "authorization" not in headers
    return origin.partition(":")[2] != own or site not in ("same-origin", "none")


def _cookie(headers: Headers, name: str) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _refuse(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)

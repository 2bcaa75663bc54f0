"""One request, as the handlers of pages see it."""

import re
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from persistence.audit import record, user
from schemas.codec import parse
from worker.console import pages
from worker.console.desk import Desk
from worker.console.refusals import Refusal
from worker.console.tokens import Visitor
from worker.runtime.showing import json_text

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
LARGEST = 2 * 2**20  # bytes of a request


class Visit:
    """Who asks for what. `fields`: of the address, or of what was sent; names may come again."""

    def __init__(self, desk: Desk, request: Request, sent: list[tuple[str, str]]) -> None:
        self.desk = desk
        self.request = request
        self.visitor: Visitor = request.state.visitor
        self.fields = sent if request.method == "POST" else request.query_params.multi_items()

    def require_text(self) -> None:
        if any(_NO_TEXT.search(value) for _, value in self.fields):
            raise Refusal(422, "No database keeps such characters.")

    @property
    def actor(self) -> str:
        return self.visitor.name or user()

    @property
    def as_json(self) -> bool:
        return wants_json(self.request)

    def may(self, role: str) -> bool:
        return role in self.visitor.roles

    def require(self, role: str) -> None:
        if not self.may(role):
            raise Refusal(403, f"This needs the role {role}, which {self.actor} does not have.")

    def get(self, name: str) -> str | None:
        """Return a field; None where it is empty, as a form sends what nobody filled in."""
        return next((value for key, value in self.fields if key == name and value), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name and value]

    def number(self, name: str, least: int = 0, most: int = 2**63 - 1) -> int | None:
        text = self.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and least <= int(text[:20]) <= most):
            raise Refusal(422, f"{name} must be a number from {least} on.")
        return int(text)

    def id(self) -> int:
        """Return the number in the address."""
        number: int = self.request.path_params["id"]
        if number >= 2**63 - 1:  # databases count so far
            raise Refusal(404, "There is nothing of this number.")
        return number

    def record(self, action: str, parameters: dict[str, Any]) -> None:
        """Write down who asks for what, before it is done."""
        database = self.desk.component.database
        record(database, self.desk.name, action, parameters, actor=self.actor)

    def answer(self, template: str, status: int = 200, **found: Any) -> Response:
        """Return the page, or what it shows as JSON where that is asked for."""
        if wants_json(self.request):
            return Response(json_text(plain(found), indent=2), status, media_type=JSON)
        about = {"desk": self.desk, "visitor": self.visitor, "visit": self, "request": self.request}
        return Response(pages.render(template, **about, **found), status, media_type="text/html")

    def done(self, place: str, **found: Any) -> Response:
        """Lead on to a page, or tell as JSON what was done."""
        if wants_json(self.request):
            return Response(json_text(plain(found), indent=2), media_type=JSON)
        return RedirectResponse(place, 303)


JSON = "application/json"


def wants_json(request: Request) -> bool:
    return JSON in request.headers.get("accept", "")


async def sent_fields(request: Request) -> list[tuple[str, str]]:
    """Return what a form or a program has sent. Raises `Refusal`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Refusal(413, "That is too large.")
    if request.headers.get("content-type", "").partition(";")[0].strip() != JSON:
        try:
            return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20_000)
        except ValueError as error:
            raise Refusal(422, "The form cannot be read.") from error
    return [pair for name, value in parse(bytes(body)).items() for pair in _pairs(name, value)]


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:
    """Return the value as a form would send it: what is off or nothing is empty there."""
    if isinstance(value, list):
        return [pair for item in value for pair in _pairs(name, item)]
    if value is None or value is False:
        return [(name, "")]
    return [(name, value if isinstance(value, str) else json_text(value))]


def plain(value: Any) -> Any:
    """Return what JSON can say of the value."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value

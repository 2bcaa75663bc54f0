"""Which dead letters an address or a form means: the filter is the address."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import click

from persistence.dead_letters import DeadLetterViews, Selection
from worker.cli.dead.choosing import MOMENT, chosen
from worker.console.refusals import Refusal
from worker.console.tokens import BODIES
from worker.console.visit import Visit

NAMES = "kind", "type", "aggregate", "group", "since", "until", "text"


class Filters:
    """What was chosen. Raises `Refusal` for what nobody can mean."""

    def __init__(self, visit: Visit) -> None:
        self.given = {name: value for name in NAMES if (value := visit.get(name))}
        if "text" in self.given:
            visit.require(BODIES)  # who may search in bodies can guess what they say
        self.ids = tuple(_number(text) for text in visit.all("id"))
        options: dict[str, Any] = {**dict.fromkeys(NAMES), **self.given}
        for name in ("since", "until"):
            options[name] = _moment(self.given.get(name))
        options["aggregate"] = _uuid(self.given.get("aggregate"))
        self.selection: Selection = chosen(visit.desk.reader, self.ids, **options)

    @property
    def address(self) -> str:
        """Return the filter as the end of an address."""
        return urlencode([*self.given.items(), *(("id", number) for number in self.ids)])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [*self.given.items(), *(("id", str(number)) for number in self.ids)]

    def __getitem__(self, name: str) -> str:
        return self.given.get(name, "")

    def without_held(self, up_to: int) -> Selection:
        """Return what a replay takes: nothing later, and no group on hold unless it is named."""
        but_held = not (self.selection.ids or self.selection.group)
        return replace(self.selection, but_held=but_held, up_to=up_to)


def frozen(visit: Visit, filters: Filters) -> tuple[list[int], int]:
    """Return the letters that are meant, in the order of their replay, and the last that counts."""
    views = DeadLetterViews(visit.desk.reader, visit.desk.name)
    up_to = visit.number("up_to")
    up_to = views.last() if up_to is None else up_to
    return views.in_order(filters.without_held(up_to)), up_to


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refusal(422, "An id is a number.")
    return int(text)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Refusal(422, "The id of an aggregate is a UUID.") from error


def _moment(text: str | None) -> Any:
    try:
        return MOMENT.convert(text, None, None) if text else None
    except (click.UsageError, OverflowError) as error:
        raise Refusal(422, str(error)) from error

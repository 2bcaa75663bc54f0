"""Looking at dead letters, a page or a bite at a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from persistence.database import Database
from persistence.dead_letters.selection import Selection
from persistence.dead_letters.table import DeadLetterView, dead_letters, view
from persistence.messages import ORIGIN_HEADER
from persistence.translation import driver_errors

BITE = 200  # letters read at a time; their bodies may have 64 KiB each
_KEYS = 5000  # letters of which only the place in the order is read at a time

_id = dead_letters.c.id
_ORIGIN = dead_letters.c.properties[("headers", ORIGIN_HEADER)].as_string().label("origin")


Place = tuple[datetime, int]


class DeadLetterViews:
    """Read access to the dead letters of one component."""

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._component = component

    def newest(
        self, chosen: Selection, limit: int, before: int | None = None
    ) -> list[DeadLetterView]:
        """Return the newest letters, the newest first; `before`: only those of a smaller id."""
        query = self._of(chosen, select(dead_letters)).order_by(_id.desc()).limit(limit)
        return self._read(query if before is None else query.where(_id < before))

    def find(self, letter_id: int) -> DeadLetterView | None:
        letters = self.these([letter_id])
        return letters[0] if letters else None

    def these(self, ids: Sequence[int]) -> list[DeadLetterView]:
        """Return those of these letters that are there, in the order of their ids."""
        chosen = Selection(ids=tuple(ids))
        return self._read(self._of(chosen, select(dead_letters)).order_by(_id)) if ids else []

    def walk(self, chosen: Selection) -> Iterator[DeadLetterView]:
        """Give the letters in the order of their ids, in bites."""
        query = self._of(chosen, select(dead_letters)).order_by(_id).limit(BITE)
        last = 0
        while letters := self._read(query.where(_id > last)):
            yield from letters
            last = letters[-1].id

    def count(self, chosen: Selection) -> int:
        return self._scalar(chosen, func.count())

    def last(self) -> int:
        """Return the id of the newest letter, 0 where there is none."""
        return self._scalar(Selection(), func.coalesce(func.max(_id), 0))

    def in_order(self, chosen: Selection) -> list[int]:
        """Return the ids in the order in which the commands were first tried."""
        columns = _id, _ORIGIN, dead_letters.c.attempts, dead_letters.c.died_at
        query = self._of(chosen, select(*columns)).order_by(_id).limit(_KEYS)
        found: list[tuple[Place, int]] = []
        while rows := self._rows(query.where(_id > (found[-1][1] if found else 0))):
            found += [(_place(row.origin, row), row.id) for row in rows]
        return [letter_id for _, letter_id in sorted(found)]

    def _of(self, chosen: Selection, query: Select[Any]) -> Select[Any]:
        return query.where(*chosen.conditions(self._component, self._database.engine.dialect))

    def _read(self, query: Select[Any]) -> list[DeadLetterView]:
        return [view(row._mapping) for row in self._rows(query)]

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with driver_errors(), self._database.engine.connect() as connection:
            return connection.execute(query).all()

    def _scalar(self, chosen: Selection, value: ColumnElement[int]) -> int:
        query = self._of(chosen, select(value).select_from(dead_letters))
        with driver_errors(), self._database.engine.connect() as connection:
            return connection.scalar(query) or 0


def origin(letter: DeadLetterView) -> str:
    """Return the place of the letter's command in the order, for a header of what is sent again."""
    headers = letter.properties.get("headers")
    known = headers.get(ORIGIN_HEADER) if isinstance(headers, dict) else None
    time, letter_id = _place(known, letter)
    return f"{time.isoformat()} {letter_id}"


def _place(known: object, letter: Any) -> Place:
    """Return where it stands: by its first attempt, and by the first of its letters."""
    time, _, number = str(known).partition(" ")
    for text, place in ((time, number), *((attempt, "") for attempt in letter.attempts[:1])):
        try:
            first = datetime.fromisoformat(text)
            place_id = int(place or letter.id)
        except ValueError:  # a sender can write anything into a header
            continue
        if first.tzinfo:
            return first, place_id
    return letter.died_at, letter.id

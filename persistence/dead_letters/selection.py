"""Which dead letters are meant: what lists, replays, purges and exports have in common."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Dialect, Text, cast, func, literal, or_, select

from persistence.dead_letters.table import dead_letter_groups, dead_letters


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is left out leaves it open.

    `aggregate`: an id that stands in the body. `group`: a fingerprint. `since`, `until`: when it
    died, the end left out. `text`: in reason, traceback or body. `up_to`: the last id that counts,
    which keeps letters out that come later.
    `but_held`: not what is in a group on hold.
    """

    ids: tuple[int, ...] = ()
    kind: str | None = None
    type: str | None = None
    aggregate: UUID | None = None
    group: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    up_to: int | None = None
    but_held: bool = False

    def conditions(self, component: str, dialect: Dialect) -> list[ColumnElement[bool]]:
        awake = [is_awake(component)] if self.but_held else []
        own: ColumnElement[str] = dead_letters.c.component
        if dialect.name == "sqlite" and not self.group:
            # It would take the index of groups, and sort all letters for each bite of them.
            own = own.concat("")
        return [own == component, *awake, *self._chosen(dialect)]

    def described(self) -> dict[str, Any]:
        """Return what was chosen, as JSON values."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: _json(value) for name, value in given.items() if value not in (None, (), False)
        }

    def _chosen(self, dialect: Dialect) -> Iterator[ColumnElement[bool]]:
        c = dead_letters.c
        if self.ids:
            yield c.id.in_(self.ids)
        for column, value in ((c.kind, self.kind), (c.type, self.type)):
            if value is not None:
                yield column == value
        if self.group is not None:
            yield c.fingerprint == self.group
        if self.since is not None:
            yield c.died_at >= self.since
        if self.until is not None:
            yield c.died_at < self.until
        if self.up_to is not None:
            yield c.id <= self.up_to
        if self.aggregate is not None:
            yield _names(dialect, str(self.aggregate))
        if self.text is not None:
            yield _says(dialect, self.text)


EVERY = Selection()


def is_awake(component: str | BindParameter[str]) -> ColumnElement[bool]:
    """Tell whether the letter is in no group on hold."""
    said = dead_letter_groups.c
    held = select(said.fingerprint).where(said.component == component, said.on_hold.is_(True))
    own = dead_letters.c.fingerprint
    return or_(own.is_(None), own.not_in(held))


def _names(dialect: Dialect, aggregate_id: str) -> ColumnElement[bool]:
    """Tell whether the letter names the aggregate: a command in its body, an event beside it."""
    return or_(
        in_bytes(dialect, dead_letters.c.body, aggregate_id),
        in_bytes(dialect, dead_letters.c.body, aggregate_id.upper()),
        cast(dead_letters.c.properties, Text).contains(aggregate_id, autoescape=True),
    )


def _says(dialect: Dialect, text: str) -> ColumnElement[bool]:
    return or_(
        dead_letters.c.reason.icontains(text, autoescape=True),
        dead_letters.c.traceback.icontains(text, autoescape=True),
        in_bytes(dialect, dead_letters.c.body, text),
    )


def in_bytes(dialect: Dialect, column: ColumnElement[bytes], text: str) -> ColumnElement[bool]:
    """Tell whether the text stands in a column of bytes."""
    position = func.pg_catalog.position if dialect.name == "postgresql" else func.instr
    sought = literal(text.encode(errors="surrogatepass"), column.type)
    found: ColumnElement[bool] = position(column, sought) > 0
    return found


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value

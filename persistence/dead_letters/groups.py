"""Dead letters of one cause together, with what people have said of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, extract, func, select

from persistence.database import Database
from persistence.dead_letters.selection import EVERY, Selection
from persistence.dead_letters.table import dead_letter_groups, dead_letters
from persistence.translation import driver_errors

HOURS = 24  # that the trend looks back
SAMPLES = 3  # letters of a group that are named, the newest

_c, _said = dead_letters.c, dead_letter_groups.c


@dataclass(frozen=True)
class Group:
    """`id` is the fingerprint; `reason` the newest letter's; `trend`: how many died an hour."""

    id: str
    count: int
    kind: str
    type: str | None
    reason: str
    first_at: datetime
    last_at: datetime
    trend: list[int]
    samples: list[int]
    note: str | None
    owner: str | None
    on_hold: bool


class Groups:
    """The groups of one component's dead letters."""

    def __init__(self, database: Database, component: str) -> None:
        self._database = database
        self._component = component

    def largest(self, limit: int, chosen: Selection = EVERY) -> list[Group]:
        """Return the groups with the most letters among the chosen, the largest first."""
        conditions = chosen.conditions(self._component, self._database.engine.dialect)
        count = func.count().label("letters")
        query = (
            select(
                _c.fingerprint,
                count,
                func.min(_c.died_at).label("first_at"),
                func.max(_c.died_at).label("last_at"),
            )
            .where(*conditions, _c.fingerprint.is_not(None))
            .group_by(_c.fingerprint)
            .order_by(count.desc(), _c.fingerprint)
            .limit(limit)
        )
        rows = self._rows(query)
        these = and_(*conditions, _c.fingerprint.in_([row.fingerprint for row in rows]))
        return self._complete(rows, these) if rows else []

    def find(self, fingerprint: str) -> Group | None:
        found = self.largest(1, Selection(group=fingerprint))
        return found[0] if found else None

    def say(self, fingerprint: str, **said: Any) -> None:
        """Keep what somebody says of a group: `note`, `owner`, `on_hold`; the rest stays."""
        key = {"component": self._component, "fingerprint": fingerprint}
        ours = _said.component == self._component, _said.fingerprint == fingerprint
        with driver_errors(), self._database.engine.begin() as connection:
            changed = connection.execute(dead_letter_groups.update().where(*ours).values(said))
            if not changed.rowcount:
                connection.execute(dead_letter_groups.insert().values(key | said))

    def _complete(self, rows: Iterable[Any], these: ColumnElement[bool]) -> list[Group]:
        newest = self._newest(these)
        trends = self._trends(these)
        said = {row.fingerprint: row for row in self._rows(self._said())}
        return [
            Group(
                id=row.fingerprint,
                count=row.letters,
                kind=newest[row.fingerprint][0].kind,
                type=newest[row.fingerprint][0].type,
                reason=newest[row.fingerprint][0].reason,
                first_at=row.first_at,
                last_at=row.last_at,
                trend=trends[row.fingerprint],
                samples=[letter.id for letter in newest[row.fingerprint]],
                **_remarks(said.get(row.fingerprint)),
            )
            for row in rows
        ]

    def _newest(self, these: ColumnElement[bool]) -> dict[str, list[Any]]:
        """Return the newest letters of each group, the newest first."""
        place = func.row_number().over(partition_by=_c.fingerprint, order_by=_c.id.desc())
        placed = select(_c.id, place.label("place")).where(these).subquery()
        query = (
            select(_c.fingerprint, _c.id, _c.kind, _c.type, _c.reason)
            .join(placed, placed.c.id == _c.id)
            .where(placed.c.place <= SAMPLES)
            .order_by(_c.id.desc())
        )
        found = defaultdict(list)
        for row in self._rows(query):
            found[row.fingerprint].append(row)
        return found

    def _trends(self, these: ColumnElement[bool]) -> dict[str, list[int]]:
        """Return how many letters of each group died in each of the last hours, the latest last."""
        now = self._database.now()
        age = int(now.timestamp()) - extract("epoch", _c.died_at)
        hour = func.floor(age / 3600).label("hour")
        recent = _c.died_at > now - timedelta(hours=HOURS)
        query = select(_c.fingerprint, hour, func.count()).where(these, recent)
        trends: dict[str, list[int]] = defaultdict(lambda: [0] * HOURS)
        rows = self._rows(query.group_by(_c.fingerprint, hour))
        for fingerprint, hours, count in map(tuple, rows):
            trends[fingerprint][HOURS - 1 - min(max(int(hours), 0), HOURS - 1)] += count
        return trends

    def _said(self) -> Select[Any]:
        return select(dead_letter_groups).where(_said.component == self._component)

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with driver_errors(), self._database.engine.connect() as connection:
            return list(connection.execute(query).all())


def _remarks(row: Any) -> dict[str, Any]:
    if row is None:
        return {"note": None, "owner": None, "on_hold": False}
    return {"note": row.note, "owner": row.owner, "on_hold": row.on_hold}

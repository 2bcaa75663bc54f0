"""Fields of days and moments."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.fields.base import Field

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Date(Field[date]):
    """A day, as ISO 8601 writes it."""

    invalid = "Not a valid date, such as 2026-01-31."

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "examples": ["2026-01-31"]}

    def to_wire(self, value: date) -> str:
        if type(value) is not date:  # a moment is a date in Python
            raise self.unwritable()
        return value.isoformat()

    def from_wire(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.refusal()
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.refusal() from error


class Timestamp(Field[datetime]):
    """A date and time with its offset, as RFC 3339 writes it."""

    invalid = "Not a valid RFC 3339 date-time, such as 2026-01-31T12:00:00Z."

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]}

    def to_wire(self, value: datetime) -> str:
        if value.tzinfo is not UTC:
            value = self._with_minutes(value)
        return value.isoformat()

    def from_wire(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
            raise self.refusal()
        try:
            moment = datetime.fromisoformat(value.upper())
            moment.astimezone(UTC)  # as it is stored: the year may become 10000 by that
        except (ValueError, OverflowError) as error:
            raise self.refusal() from error
        return moment

    def _with_minutes(self, value: datetime) -> datetime:
        """Return the moment with an offset of whole minutes, as all are that RFC 3339 knows."""
        offset = value.utcoffset()
        if offset is None:
            raise self.unwritable()
        try:
            moment = value.astimezone(UTC)
        except OverflowError as error:
            raise self.unwritable() from error
        return moment if offset % timedelta(minutes=1) else value

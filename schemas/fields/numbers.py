"""Fields of numbers, each with a limit that both databases can hold."""

import decimal
import re
from typing import Any

from schemas.fields.base import Field
from schemas.fields.ranges import pattern_between

INT64 = 2**63
MAX_DIGITS = 18  # as many as an integer of 64 bits has for certain


class Integer(Field[int]):
    """A JSON number without fraction or exponent; of 64 bits where no other limit is given."""

    def __init__(self, *, min: int = -INT64, max: int = INT64 - 1, **options: Any) -> None:
        super().__init__(**options)
        self._min, self._max = min, max
        self._example = sorted((min, 7, max))[1]
        self.invalid = f"Not an integer from {min} to {max}, such as {self._example}."

    def json_schema(self) -> dict[str, Any]:
        limits = {"minimum": self._min, "maximum": self._max}
        return {"type": "integer", **limits, "examples": [self._example]}

    def to_wire(self, value: int) -> int:
        if not self._fits(value):
            raise self.unwritable()
        return value

    def from_wire(self, value: Any) -> int:
        if not self._fits(value):
            raise self.refusal()
        number: int = value
        return number

    def _fits(self, value: Any) -> bool:
        return type(value) is int and self._min <= value <= self._max


class Decimal(Field[decimal.Decimal]):
    """An exact number as text, such as "12.50": many programs make floats of JSON's numbers.

    `digits` in all, `places` of them after the point.
    """

    def __init__(
        self,
        *,
        digits: int,
        places: int,
        min: decimal.Decimal | None = None,
        max: decimal.Decimal | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not 0 <= places <= digits <= MAX_DIGITS:
            raise ValueError(
                f"Decimal(digits={digits}, places={places}): at most {MAX_DIGITS} digits can be"
                " stored exactly, and no more places than digits"
            )
        self._exact = decimal.Context(digits, traps=[decimal.Inexact, decimal.InvalidOperation])
        self._places = places
        self._unit = decimal.Decimal(1).scaleb(-places)
        self._written = re.compile(
            (rf"-?(0|[1-9]\d{{0,{digits - places - 1}}})" if digits > places else "-?0")
            + (rf"(\.\d{{1,{places}}})?" if places else ""),
            re.ASCII,
        )
        largest = (10**digits - 1) * self._unit
        self._min = -largest if min is None else min
        self._max = largest if max is None else max
        self.invalid = (
            f"Not a number as text, from {self._min:f} to {self._max:f} with at most {places}"
            f' decimal places, such as "{self._example():f}".'
        )

    def json_schema(self) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": pattern_between(self._min, self._max, self._places),
            "x-minimum": f"{self._min:f}",
            "x-maximum": f"{self._max:f}",
            "x-places": self._places,
            "examples": [f"{self._example():f}"],
        }

    def to_wire(self, value: decimal.Decimal) -> str:
        try:
            exact = value.quantize(self._unit, context=self._exact)
            fits = self._min <= exact <= self._max
        except (AttributeError, decimal.DecimalException) as error:
            raise self.unwritable() from error
        if not fits:
            raise self.unwritable()
        return format(exact if exact else abs(exact), "f")  # there is no -0

    def from_wire(self, value: Any) -> decimal.Decimal:
        if not isinstance(value, str) or not self._written.fullmatch(value):
            raise self.refusal()
        number = decimal.Decimal(value)
        if not self._min <= number <= self._max:
            raise self.refusal()
        return number if number else abs(number)

    def _example(self) -> decimal.Decimal:
        nice = decimal.Decimal("12.5").quantize(self._unit, rounding=decimal.ROUND_DOWN)
        return sorted((self._min, nice, self._max))[1]


class Boolean(Field[bool]):
    """JSON's true or false."""

    invalid = "Not a boolean: true or false."

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean", "examples": [True]}

    def to_wire(self, value: bool) -> bool:
        if not isinstance(value, bool):
            raise self.unwritable()
        return value

    def from_wire(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.refusal()
        return value

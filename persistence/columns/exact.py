"""Exact decimals, on a database that has them and on one that has not."""

import decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Numeric, TypeDecorator
from sqlalchemy.sql import operators

MAX_DIGITS = 18  # as many as an integer of 64 bits has for certain


class _Exactly(TypeDecorator.Comparator[decimal.Decimal], Numeric.Comparator[decimal.Decimal]):
    """Refuses what would be wrong where the number is kept as an integer."""

    _SCALING = (operators.mul, operators.truediv, operators.floordiv, operators.mod)

    def operate(self, op: Any, *other: Any, **options: Any) -> ColumnElement[Any]:
        self._check(op, other)
        return super().operate(op, *other, **options)

    def reverse_operate(self, op: Any, other: Any, **options: Any) -> ColumnElement[Any]:
        self._check(op, (other,))
        return super().reverse_operate(op, other, **options)

    def _check(self, op: Any, others: tuple[Any, ...]) -> None:
        if op in self._SCALING:
            raise TypeError("ExactDecimal is not multiplied or divided in SQL: do it in Python")
        kinds = (getattr(other, "type", None) for other in others)
        for kind in (kind for kind in kinds if isinstance(kind, ExactDecimal)):
            mine: Any = self.type
            if kind.places != mine.places:
                raise TypeError(f"{mine!r} and {kind!r} do not go together in SQL: their places")


class ExactDecimal(TypeDecorator[decimal.Decimal]):
    """A number of `digits` in all, `places` of them after the point; for money, say.

    On SQLite, which has no such thing, it is an integer of the smallest unit (cents), so that SQL
    compares, sorts and sums exactly there, too. A value that does not fit is refused, not rounded.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, digits: int, places: int) -> None:
        if not 0 <= places <= digits <= MAX_DIGITS:
            raise ValueError(
                f"ExactDecimal({digits}, {places}): at most {MAX_DIGITS} digits can be stored"
                " exactly, and no more places than digits"
            )
        super().__init__(digits, places)
        kept = self.impl_instance.with_variant(BigInteger(), "sqlite")
        self.impl = self.impl_instance = kept  # type: ignore[assignment]  # of this very column
        self.digits, self.places = digits, places
        self._unit = decimal.Decimal(1).scaleb(-places)
        self._exact = decimal.Context(digits, traps=[decimal.Inexact, decimal.InvalidOperation])

    @property
    # Where SQLAlchemy keeps a class, a decorator of types has a property.
    def comparator_factory(self) -> type[_Exactly]:  # type: ignore[override]
        return _Exactly

    def __repr__(self) -> str:
        return f"ExactDecimal({self.digits}, {self.places})"

    def process_bind_param(
        self, value: decimal.Decimal | int | None, dialect: Dialect
    ) -> decimal.Decimal | int | None:
        if value is None:
            return None
        if not isinstance(value, decimal.Decimal | int) or isinstance(value, bool):
            raise TypeError(f"{self!r} takes a Decimal, and no {type(value).__name__}")
        exact = self._exactly(decimal.Decimal(value))
        return int(exact.scaleb(self.places)) if dialect.name == "sqlite" else exact

    def _exactly(self, value: decimal.Decimal) -> decimal.Decimal:
        try:
            if value.is_finite():
                return value.quantize(self._unit, context=self._exact)
        except decimal.DecimalException:
            pass  # it has too many digits, on one side of the point or the other
        raise ValueError(f"a number does not fit {self!r}: round it before it is stored")

    def process_result_value(self, value: Any, dialect: Dialect) -> decimal.Decimal | None:
        if value is None or isinstance(value, decimal.Decimal):
            return value
        if not isinstance(value, int):
            raise TypeError(f"a {type(value).__name__} was stored as {self!r}")
        return decimal.Decimal(value).scaleb(-self.places)

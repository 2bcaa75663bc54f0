"""Field types that accept exactly what every part behind them can store and compare."""

from schemas.fields.base import Field
from schemas.fields.numbers import Boolean, Decimal, Integer
from schemas.fields.parts import Nested, PartSchema
from schemas.fields.several import List, Mapping
from schemas.fields.text import Enum, Text, Uuid
from schemas.fields.times import Date, Timestamp

__all__ = [
    "Boolean",
    "Date",
    "Decimal",
    "Enum",
    "Field",
    "Integer",
    "List",
    "Mapping",
    "Nested",
    "PartSchema",
    "Text",
    "Timestamp",
    "Uuid",
]

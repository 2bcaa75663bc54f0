"""What an author forgets when he maps a DTO, told when a process starts."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Float, Numeric, inspect
from sqlalchemy.dialects.sqlite import dialect as sqlite
from sqlalchemy.orm import Mapper

from persistence.bulk.rows import plain
from persistence.exceptions import MappingError
from persistence.mapping import Mapping

_EVERY_AGGREGATE_HAS = ("id", "version")
_FLOATS = (float, float | None, "float", "float | None")
_ROUNDED = "use Decimal and a column ExactDecimal(digits, places)"


@cache
def check_mapping(dto_class: type[Any]) -> None:
    """Raise `MappingError` where a DTO and its tables do not share their fields, or would round.

    Looks at what is mapped behind its relationships, too.
    """
    root: Mapper[Any] | None = inspect(dto_class, raiseerr=False)
    if root is None:
        raise MappingError(f"{dto_class.__qualname__} is not mapped to a table")
    for name in _EVERY_AGGREGATE_HAS:
        if name not in root.attrs:
            raise MappingError(f"{_name(root)} has no column {name!r}, which every aggregate has")
    for mapper in _mappers(root, set()):
        _check_fields(mapper, is_part=mapper is not root)
        for name, column in _columns(mapper):
            if isinstance(plain(column.type.dialect_impl(sqlite())), Numeric | Float):
                raise MappingError(
                    f"{_name(mapper)}.{name} is kept as {column.type!r}, which a database may"
                    f" round: {_ROUNDED}"
                )


def check_view(view: type[Any], mapping: Mapping) -> None:
    """Raise `MappingError` where a view has a field that no column keeps."""
    mapping.apply()
    kept: Mapper[Any] = inspect(mapping.dto)
    for field in fields(view):
        if field.name not in kept.column_attrs:
            raise MappingError(
                f"{view.__module__}.{view.__qualname__}.{field.name} is kept by no column of"
                f" {kept.local_table}, from which it is read"
            )


def _check_fields(mapper: Mapper[Any], *, is_part: bool) -> None:
    if not is_dataclass(mapper.class_):
        return  # what it should have is nowhere written down
    known = {field.name for field in fields(mapper.class_)}
    for field in fields(mapper.class_):
        if field.name not in mapper.attrs:
            raise MappingError(
                f"{_name(mapper)}.{field.name} is kept by no column of {mapper.local_table}:"
                " give it one, and a migration"
            )
        if field.type in _FLOATS:
            raise MappingError(f"{_name(mapper)}.{field.name} is a float: {_ROUNDED}")
    if mapper.composites or mapper.inherits or mapper.polymorphic_on is not None:
        return  # columns stand behind other attributes
    may_refer = is_part or mapper.relationships
    for name, column in _columns(mapper):
        is_database_s = column.computed is not None or (may_refer and column.foreign_keys)
        if name not in known and not is_database_s:
            raise MappingError(
                f"{_name(mapper)} has no field {name!r} for a column of {mapper.local_table}"
            )


def _columns(mapper: Mapper[Any]) -> Iterator[tuple[str, Column[Any]]]:
    for attribute in mapper.column_attrs:
        if isinstance(column := attribute.columns[0], Column):
            yield attribute.key, column


def _mappers(mapper: Mapper[Any], seen: set[Mapper[Any]]) -> Iterator[Mapper[Any]]:
    if mapper in seen:
        return
    seen.add(mapper)
    yield mapper
    for relationship in mapper.relationships:
        yield from _mappers(relationship.mapper, seen)
    for subclass in mapper.self_and_descendants:
        yield from _mappers(subclass, seen)


def _name(mapper: Mapper[Any]) -> str:
    return f"{mapper.class_.__module__}.{mapper.class_.__qualname__}"

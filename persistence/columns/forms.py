"""Values of plain Python types as JSON and back, as their annotations say."""

import enum
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID


class Form(NamedTuple):
    """How a type's values are written as JSON, and read again."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def form_of(kind: Any) -> Form:
    """Return the form of a type; raise `TypeError` where it has none that is exact."""
    kind = getattr(kind, "__supertype__", kind)  # what a NewType is made of
    if kind in _PLAIN:
        write, read = _PLAIN[kind]
        return Form(_only(kind, write), read)
    if get_origin(kind) is not None:
        return _generic(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enumeration(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind)
    raise TypeError(_unknown(kind))


def _unknown(kind: Any) -> str:
    plain = ", ".join(known.__name__ for known in _PLAIN)
    return (
        f"{kind!r} cannot be stored exactly in a ValueObject: use {plain}, an Enum of texts, X |"
        " None, tuple[X, ...], list[X], dict[str, X], or a dataclass of them"
    )


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    str: (_same, _same),
    int: (_same, _same),
    bool: (_same, _same),
    Decimal: (str, Decimal),
    UUID: (str, UUID),
    date: (date.isoformat, date.fromisoformat),
    datetime: (datetime.isoformat, datetime.fromisoformat),
}


def _only(kind: type, write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Refuse what would come back as something else."""

    def checked(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"a {type(value).__name__} stands where a {kind.__name__} should")
        return write(value)

    return checked


def _generic(kind: Any) -> Form:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        (inner,) = (form_of(argument) for argument in arguments if argument is not NoneType)
        return Form(
            lambda value: None if value is None else inner.write(value),
            lambda value: None if value is None else inner.read(value),
        )
    if (origin is tuple and arguments[1:] == (...,)) or origin is list:
        inner = form_of(arguments[0])
        return Form(
            _only(origin, lambda value: [inner.write(item) for item in value]),
            lambda value: origin(inner.read(item) for item in value),
        )
    if origin is dict and arguments[0] is str:
        inner = form_of(arguments[1])
        name = form_of(str).write
        return Form(
            _only(dict, lambda value: {name(k): inner.write(item) for k, item in value.items()}),
            lambda value: {k: inner.read(item) for k, item in value.items()},
        )
    raise TypeError(_unknown(kind))


def _enumeration(kind: type[enum.Enum]) -> Form:
    if not all(isinstance(member.value, str) for member in kind):
        raise TypeError(_unknown(kind))
    return Form(_only(kind, lambda member: member.value), kind)


def _dataclass(kind: type[Any]) -> Form:
    hints = get_type_hints(kind)
    forms = {field.name: form_of(hints[field.name]) for field in fields(kind) if field.init}
    return Form(
        _only(kind, lambda value: {n: f.write(getattr(value, n)) for n, f in forms.items()}),
        # A part that was added later is filled by its default.
        lambda value: kind(**{n: f.read(value[n]) for n, f in forms.items() if n in value}),
    )

"""What two JSON Schemas of one thing do not share: where the newer takes less, and where more."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Said = dict[str, Any]
Resolve = Callable[[str], Said]  # from a `$ref` to what it names

LESS, MORE = "less", "more"
_ALL = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_ALTERNATIVES = ("anyOf", "oneOf", "allOf", "not")


class Difference(NamedTuple):
    """`field` is the path inside the message; the newer schema takes less there, or more."""

    aspect: str
    way: str
    field: str
    detail: str = ""


class Differences:
    """Compares schemas of two documents, each with its own parts."""

    def __init__(self, of_old: Resolve, of_new: Resolve) -> None:
        self._of_old = of_old
        self._of_new = of_new

    def between(
        self, old: Said, new: Said, field: str = "", seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Iterator[Difference]:
        """Yield them all, those inside included."""
        pair = (_reference(old), _reference(new))
        if all(pair):
            if pair in seen:  # a part that contains itself
                return
            seen |= {pair}
        old, new = _plain(old, self._of_old), _plain(new, self._of_new)
        yield from (Difference(*found) for found in _here(old, new, field))
        yield from self._fields(old, new, field, seen)
        for inner, name in (("items", "[]"), ("additionalProperties", "*"), ("propertyNames", "")):
            if isinstance(old.get(inner), dict) and isinstance(new.get(inner), dict):
                yield from self.between(old[inner], new[inner], _joined(field, name), seen)

    def _fields(
        self, old: Said, new: Said, field: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Difference]:
        before, now = old.get("properties", {}), new.get("properties", {})
        must_before, must_now = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            path = _joined(field, name)
            if name not in now:
                yield Difference("field", LESS, path)
            else:
                yield from self.between(before[name], now[name], path, seen)
                if name in must_before - must_now:
                    yield Difference("required", MORE, path)
        for name in now:
            path = _joined(field, name)
            if name not in before:
                kind = ("new and required", LESS) if name in must_now else ("field", MORE)
                yield Difference(*kind, path)
            elif name in must_now - must_before:
                yield Difference("required", LESS, path)


def _reference(said: Said) -> str:
    """Return what the schema names instead of saying it, null aside."""
    references = (one["$ref"] for one in (said, *said.get("anyOf", ())) if "$ref" in one)
    return next(references, "")


def _plain(said: Said, resolve: Resolve) -> Said:
    """Return the schema without a reference, and null as a type and not as an alternative."""
    if "$ref" in said:
        return _plain(resolve(said["$ref"]), resolve)
    others = [one for one in said.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) == 1 and len(said["anyOf"]) == 2:
        only = _plain(others[0], resolve)
        return {**only, "type": sorted(_types(only) | {"null"})}
    return said


Found = tuple[str, str, str, str]


def _here(old: Said, new: Said, field: str) -> Iterator[Found]:
    """Yield what differs at this place itself: aspect, way, field, detail."""
    for aspect, less, more, detail in (
        *_of_types(old, new),
        *(_limit(old, new, *limit) for limit in _LIMITS),
        *(_form(old, new, name) for name in ("pattern", "format")),
        _step(old, new),
        _values(old, new),
        ("repeats", *_flag(old, new, "uniqueItems"), ""),
        ("open", _open(old) > _open(new), _open(old) < _open(new), ""),
    ):
        if less:
            yield aspect, LESS, field, detail
        if more:
            yield aspect, MORE, field, detail
    if any(old.get(word) != new.get(word) for word in _ALTERNATIVES):
        yield "unclear", LESS, field, ""
        yield "unclear", MORE, field, ""
    if old.get("default") != new.get("default"):
        change = f"{old.get('default')!r} is now {new.get('default')!r}"
        yield "default", LESS, field, change


Compared = tuple[str, bool, bool, str]  # the aspect, whether less and more are taken, and more


def _types(said: Said) -> frozenset[str]:
    named = said.get("type", _ALL)
    types = {named} if isinstance(named, str) else set(named)
    return frozenset(types | {"integer"} if "number" in types else types)


def _of_types(old: Said, new: Said) -> Iterator[Compared]:
    before, now = _types(old), _types(new)
    gone, come = before - now, now - before
    detail = f"{_listed(before)} is now {_listed(now)}"
    yield "type", bool(gone - {"null"}), bool(come - {"null"}), detail
    yield "null", "null" in gone, "null" in come, ""


def _listed(types: frozenset[str]) -> str:
    hidden = {"null", "integer"} if "number" in types else {"null"}
    return "anything" if types == _ALL else " or ".join(sorted(types - hidden)) or "null"


# The aspect, the word of JSON Schema, and whether more is taken where the number is higher.
_LIMITS = (
    ("length", "maxLength", True),
    ("length", "minLength", False),
    ("range", "maximum", True),
    ("range", "exclusiveMaximum", True),
    ("range", "minimum", False),
    ("range", "exclusiveMinimum", False),
    ("count", "maxItems", True),
    ("count", "minItems", False),
    ("count", "maxProperties", True),
    ("count", "minProperties", False),
)


def _limit(old: Said, new: Said, aspect: str, word: str, is_upper: bool) -> Compared:
    none = float("inf") if is_upper else float("-inf")
    least = 0 if word in ("minLength", "minItems", "minProperties") else none
    before, now = old.get(word, least), new.get(word, least)
    lower, higher = now < before, now > before
    less, more = (lower, higher) if is_upper else (higher, lower)
    detail = f"{word} {old.get(word, 'none')} is now {new.get(word, 'none')}"
    return aspect, less, more, detail


def _form(old: Said, new: Said, word: str) -> Compared:
    before, now = old.get(word), new.get(word)
    detail = f"{word} {before or 'none'} is now {now or 'none'}"
    return "form", before != now and now is not None, before != now and before is not None, detail


def _step(old: Said, new: Said) -> Compared:
    before, now = old.get("multipleOf"), new.get("multipleOf")
    detail = f"multipleOf {before or 'none'} is now {now or 'none'}"
    less = now is not None and (before is None or before % now != 0)
    more = before is not None and (now is None or now % before != 0)
    return "form", less, more, detail


def _values(old: Said, new: Said) -> Compared:
    before, now = _listed_values(old), _listed_values(new)
    gone = [value for value in before or () if now is not None and value not in now]
    come = [value for value in now or () if before is not None and value not in before]
    changed = [f"{value!r} is gone" for value in gone] + [f"{value!r} is new" for value in come]
    less = bool(gone) or (before is None and now is not None)
    more = bool(come) or (now is None and before is not None)
    return "value", less, more, ", ".join(changed)


def _listed_values(said: Said) -> list[Any] | None:
    if "const" in said:
        return [said["const"]]
    values = said.get("enum")
    return None if values is None else [value for value in values if value is not None]


def _flag(old: Said, new: Said, word: str) -> tuple[bool, bool]:
    before, now = bool(old.get(word)), bool(new.get(word))
    return now and not before, before and not now


def _open(said: Said) -> int:
    """Return how open an object is: 0 closed, 1 to values of one kind, 2 to all."""
    more = said.get("additionalProperties", True)
    return 1 if isinstance(more, dict) else 2 * bool(more)


def _joined(field: str, name: str) -> str:
    return f"{field}.{name}" if field and name else field or name

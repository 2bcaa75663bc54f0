"""Two states of the contract, AsyncAPI documents, and which rules the newer one breaks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from worker.compatibility.differences import LESS, MORE, Difference, Differences
from worker.compatibility.rules import RULES, Rule

Said = dict[str, Any]
Name = tuple[str, int]  # the type and its version


class Finding(NamedTuple):
    """A rule that a change falls under, and where."""

    rule: Rule
    where: str
    detail: str = ""

    def sentence(self) -> str:
        more = f" ({self.detail})" if self.detail else ""
        return (
            f"{self.rule.level}: {self.where}: {self.rule.change}{more}. {self.rule.who}"
            f" {self.rule.way_out} [{self.rule.id}]"
        )


def findings(old: Said, new: Said) -> Iterator[Finding]:
    """Yield what was changed since the older document, by the rules."""
    compare = Differences(_parts(old), _parts(new))
    for side in ("command", "event"):
        before, now = _messages(old, side), _messages(new, side)
        yield from _come_and_gone(side, before, now)
        for name in before.keys() & now.keys():
            yield from _of_message(side, compare, name, before[name], now[name])
    yield from _codes(old, new)
    yield from _replies(old, new)
    yield from _channels(old["channels"], new["channels"])


def _parts(document: Said) -> Any:
    schemas = document["components"].get("schemas", {})
    return lambda reference: schemas[reference.rpartition("/")[2]]


def _messages(document: Said, side: str) -> dict[Name, Said]:
    listed = document["channels"][f"{side}s"]["messages"]
    described = document["components"]["messages"]
    return {_name(described[key]): described[key] for key in listed}


def _name(message: Said) -> Name:
    return message["name"], message["x-schema-version"]


def _come_and_gone(side: str, before: dict[Name, Said], now: dict[Name, Said]) -> Iterator[Finding]:
    changes = (("removed", before, now), ("added", now, before))
    for change, there, not_there in changes:
        types = {type for type, _ in not_there}
        for type, version in sorted(there.keys() - not_there.keys()):
            which = "-version" if type in types else ""
            yield Finding(RULES[f"{side}{which}-{change}"], _where((type, version)))


def _where(name: Name, field: str = "", part: str = "field") -> str:
    type, version = name
    place = f", {part} {field}" if field else ""
    return f"{type} version {version}{place}"


_PARTS = {"payload": "field", "headers": "header", "x-amqp-properties": "property"}


def _of_message(
    side: str, compare: Differences, name: Name, old: Said, new: Said
) -> Iterator[Finding]:
    for part, called in _PARTS.items():
        for found in compare.between(old[part], new[part]):
            if side == "command" and part != "payload" and found.aspect == "field":
                continue  # others are carried along
            where = _where(name, found.field, called)
            yield Finding(_rule(side, found), where, found.detail)


_BY_DIFFERENCE = {
    ("command", "field", LESS): "command-field-removed",
    ("command", "field", MORE): "command-field-added",
    ("command", "required", LESS): "command-field-required",
    ("command", "new and required", LESS): "command-field-required",
    ("command", "type", LESS): "command-type-narrowed",
    ("command", "null", LESS): "command-null-refused",
    ("command", "value", LESS): "command-value-removed",
    ("command", "length", LESS): "command-length-narrowed",
    ("command", "range", LESS): "command-range-narrowed",
    ("command", "count", LESS): "command-count-narrowed",
    ("command", "form", LESS): "command-form-narrowed",
    ("command", "repeats", LESS): "command-repeats-refused",
    ("command", "open", LESS): "command-fields-closed",
    ("command", "unclear", LESS): "command-unclear",
    ("command", "default", LESS): "command-default-changed",
    ("event", "field", LESS): "event-field-removed",
    ("event", "field", MORE): "event-field-added",
    ("event", "new and required", LESS): "event-field-added",
    ("event", "required", MORE): "event-field-uncertain",
    ("event", "type", MORE): "event-type-widened",
    ("event", "null", MORE): "event-null-added",
    ("event", "value", MORE): "event-value-added",
    ("event", "length", MORE): "event-length-widened",
    ("event", "range", MORE): "event-range-widened",
    ("event", "count", MORE): "event-count-widened",
    ("event", "form", MORE): "event-form-widened",
    ("event", "repeats", MORE): "event-repeats-allowed",
    ("event", "open", MORE): "event-fields-opened",
    ("event", "unclear", MORE): "event-unclear",
}
_HARMLESS = {"command": "command-widened", "event": "event-narrowed"}


def _rule(side: str, found: Difference) -> Rule:
    return RULES[_BY_DIFFERENCE.get((side, found.aspect, found.way), _HARMLESS[side])]


def _codes(old: Said, new: Said) -> Iterator[Finding]:
    before, now = (document["components"]["messages"] for document in (old, new))
    for key in sorted(before.keys() & now.keys() - {"CommandRejected"}):  # of all commands
        known, named = (
            {code["code"] for word in ("x-codes", "x-rejections") for code in said.get(word, ())}
            for said in (before[key], now[key])
        )
        where = _where(_name(now[key]))
        for code in sorted(named - known):
            yield Finding(RULES["code-added"], f"{where}, code {code}")
        for code in sorted(known - named):
            yield Finding(RULES["code-removed"], f"{where}, code {code}")


def _replies(old: Said, new: Said) -> Iterator[Finding]:
    before, now = (_outcomes(document) for document in (old, new))
    for key in sorted(before.keys() & now.keys()):
        for type in sorted(now[key] - before[key]):
            yield Finding(RULES["reply-added"], f"{key}, reply {type}")


def _outcomes(document: Said) -> dict[str, set[str]]:
    """Return the types of the replies by operation."""
    messages = document["components"]["messages"]
    return {
        key: {
            messages[reference["$ref"].rpartition("/")[2]]["name"]
            for reference in operation["reply"]["messages"]
        }
        for key, operation in document["operations"].items()
        if "reply" in operation
    }


def _channels(old: Said, new: Said) -> Iterator[Finding]:
    for channel, rule in (("commands", "queue-renamed"), ("events", "exchange-renamed")):
        before, now = old[channel]["address"], new[channel]["address"]
        if before != now:
            yield Finding(RULES[rule], before, f"is now {now}")
    before, now = (said["events"]["bindings"]["amqp"]["exchange"]["type"] for said in (old, new))
    if before != now:
        detail = f"{before} is now {now}"
        yield Finding(RULES["exchange-kind-changed"], new["events"]["address"], detail)
    before, now = (said["commands"]["x-max-message-bytes"] for said in (old, new))
    if now < before:
        detail = f"{before} bytes are now {now}"
        yield Finding(RULES["size-lowered"], new["commands"]["address"], detail)
